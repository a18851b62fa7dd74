package sbert

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/torch"
)

// EncodeOptions are the choices of one call. The zero value is sentence-transformers' default.
type EncodeOptions struct {
	// BatchSize says how many texts of ordinary length go through the encoder at once; 0 stands for 64. As there is no padding,
	// a batch is cut by its tokens: 64 for each of BatchSize, so that short texts come in larger batches.
	BatchSize int
	// Normalize divides each vector by its length, after the cut to Dimensions.
	Normalize bool
	// Prompt is put before every text; "" takes that of PromptName.
	Prompt string
	// PromptName names one of the model's prompts; "" takes the model's default.
	PromptName string
	// Dimensions keeps only so many of each vector's first numbers (Kusupati et al., "Matryoshka Representation Learning",
	// 2022); 0 for all.
	Dimensions int
	// Progress is told after every batch how many texts are done; nil for nobody.
	Progress func(done, total int)
}

const tokensPerText = 64

// Vectors are the embeddings of texts, one row each.
type Vectors struct {
	Rows, Dimensions int
	Data             []float32 // Rows·Dimensions
}

// Row gives vector i, without copying.
func (v *Vectors) Row(i int) []float32 { return v.Data[i*v.Dimensions : (i+1)*v.Dimensions] }

// Encode makes the vectors of texts, in their order, as SentenceTransformer.encode does. Texts of equal tokens are computed
// once, and texts of similar length together. Texts longer than the model takes are cut. When ctx is done, its error comes.
func (m *Model) Encode(ctx context.Context, texts []string, o EncodeOptions) (v *Vectors, err error) {
	defer torch.Catch(&err)
	prompt, err := m.prompt(o)
	if err != nil {
		return nil, err
	}
	dims := m.Dimensions()
	if o.Dimensions < 0 || o.Dimensions > dims {
		return nil, fmt.Errorf("sbert: %d dimensions are asked for: the model has %d", o.Dimensions, dims)
	}
	if o.Dimensions > 0 {
		dims = o.Dimensions
	}
	v = &Vectors{Rows: len(texts), Dimensions: dims, Data: make([]float32, len(texts)*dims)}
	promptTokens := 0
	if prompt != "" {
		if promptTokens, err = m.promptTokens(prompt); err != nil {
			return nil, err
		}
		prompted := make([]string, len(texts))
		for i, t := range texts {
			prompted[i] = prompt + t
		}
		texts = prompted
	}
	ids, err := m.Tokenize(texts)
	if err != nil {
		return nil, err
	}
	unique, copies := distinct(ids)
	done := 0
	for _, batch := range batches(ids, unique, cmp.Or(max(o.BatchSize, 0), 64)*tokensPerText) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := m.encodeBatch(v, ids, batch, promptTokens, o.Normalize); err != nil {
			return nil, err
		}
		for _, first := range batch {
			for _, other := range copies[first] {
				copy(v.Row(other), v.Row(first))
			}
			done += 1 + len(copies[first])
		}
		if o.Progress != nil {
			o.Progress(done, len(texts))
		}
	}
	return v, nil
}

func (m *Model) encodeBatch(v *Vectors, ids [][]int32, batch []int, promptTokens int, normalize bool) error {
	return torch.Run(func() error {
		s := torch.NewScope("encode")
		defer s.Close()
		texts := make([][]int32, len(batch))
		for i, b := range batch {
			texts[i] = ids[b]
		}
		torch.NoGrad(func() {
			x := m.Forward(s, bert.Join(texts...), promptTokens).To(torch.Float32).Narrow(1, 0, v.Dimensions)
			if normalize {
				x = Normalize{}.Forward(x)
			}
			out := x.Contiguous().Floats()
			for i, b := range batch {
				copy(v.Row(b), out[i*v.Dimensions:])
			}
		})
		for _, b := range batch {
			for _, x := range v.Row(b) {
				if math.IsNaN(float64(x)) {
					return fmt.Errorf("sbert: text %d has a vector of NaN: the weights are damaged, or 16-bit numbers overflow in this model (compute in float32)", b)
				}
			}
		}
		return nil
	})
}

// Forward makes the vectors of rows, [texts, dimensions] in s, through all modules. Gradients are recorded as elsewhere.
func (m *Model) Forward(s *torch.Scope, rows bert.Rows, promptTokens int) *torch.Tensor {
	x := m.Pooling.Forward(m.Encoder.Forward(s, rows), rows.Bounds, promptTokens)
	for _, module := range m.After {
		x = module.Forward(x)
	}
	return x
}

// prompt is the text that comes before every text.
func (m *Model) prompt(o EncodeOptions) (string, error) {
	name := cmp.Or(o.PromptName, m.DefaultPrompt)
	if o.Prompt != "" || name == "" {
		return o.Prompt, nil
	}
	text, ok := m.Prompts[name]
	if !ok {
		return "", fmt.Errorf("sbert: the model has no prompt %q; it has %v", name, sortedKeys(m.Prompts))
	}
	return text, nil
}

// promptTokens counts the tokens that a prompt puts before a text, the special one at the front included.
func (m *Model) promptTokens(prompt string) (int, error) {
	ids, err := m.Tokenize([]string{prompt})
	if err != nil {
		return 0, err
	}
	n := len(ids[0])
	if n > 0 && m.Tokenizer.IsSpecial(ids[0][n-1]) {
		n--
	}
	return n, nil
}

func sortedKeys(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// distinct lists the first text of every token sequence, and to each the later texts that are the same.
func distinct(ids [][]int32) (first []int, copies map[int][]int) {
	seen := make(map[string]int, len(ids))
	copies = map[int][]int{}
	var key []byte
	for i, text := range ids {
		key = key[:0]
		for _, id := range text {
			key = append(key, byte(id), byte(id>>8), byte(id>>16), byte(id>>24))
		}
		if j, ok := seen[string(key)]; ok {
			copies[j] = append(copies[j], i)
			continue
		}
		seen[string(key)] = i
		first = append(first, i)
	}
	return first, copies
}

// batches orders texts from the longest to the shortest, so that too little memory shows at once, and cuts the list by tokens.
func batches(ids [][]int32, texts []int, budget int) [][]int {
	slices.SortStableFunc(texts, func(a, b int) int { return cmp.Compare(len(ids[b]), len(ids[a])) })
	var all [][]int
	from, tokens := 0, 0
	for i, t := range texts {
		if tokens += len(ids[t]); tokens > budget && i > from {
			all = append(all, texts[from:i])
			from, tokens = i, len(ids[t])
		}
	}
	if from < len(texts) {
		all = append(all, texts[from:])
	}
	return all
}
