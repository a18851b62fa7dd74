// Package sbert turns texts into vectors, and trains models that do: the models and files of sentence-transformers (Reimers
// and Gurevych, "Sentence-BERT", 2019), versions 2 to 6.
package sbert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/tokenizer"
	"github.com/ajolote-ai/ajolote/torch"
)

// Model is a chain of modules: an encoder, a pooling, and what comes after it. Any number of goroutines may encode with it
// at once; while it is trained, nothing else may.
type Model struct {
	Encoder   *bert.Model
	Tokenizer *tokenizer.Tokenizer
	// MaxTokens is where longer texts are cut, special tokens included (max_seq_length).
	MaxTokens int
	// LowerCase has texts lowered before they are tokenised (do_lower_case of versions 2 to 5).
	LowerCase bool
	Pooling   Pooling
	// After are the modules behind the pooling: *Dense and Normalize.
	After []Module

	// Prompts are texts put before a text, by name: "query", "document".
	Prompts map[string]string
	// DefaultPrompt is the name of the prompt for texts that come without one; "" for none.
	DefaultPrompt string
	// Similarity is cosine, dot, euclidean or manhattan.
	Similarity string

	dir     string // where it was read from
	encoder string // the encoder's folder
}

// Module maps vectors [texts, in] to [texts, out].
type Module interface {
	Forward(x *torch.Tensor) *torch.Tensor
}

// Normalize divides vectors by their length (at least 1e-12).
type Normalize struct{}

// Forward normalises the last dimension of x.
func (Normalize) Forward(x *torch.Tensor) *torch.Tensor { return x.Div(x.NormKeep(-1).ClampMin(1e-12)) }

// Dense is a linear layer with an activation behind it.
type Dense struct {
	Weight, Bias *torch.Tensor // [out, in], [out] or nil
	Activation   string        // "tanh" or "identity"
	path         string        // of its folder in the model's
}

// Forward maps x [texts, in] to [texts, out].
func (d *Dense) Forward(x *torch.Tensor) *torch.Tensor {
	y := x.Linear(d.Weight, d.Bias)
	if d.Activation == "tanh" {
		return y.Tanh()
	}
	return y
}

// LoadTokenizer reads what a model directory says of texts, the tokenizer and where longer ones are cut, for an encoder that
// was loaded from it by other means.
func LoadTokenizer(dir string, encoder *bert.Model) (m *Model, err error) {
	defer torch.Catch(&err)
	m = &Model{dir: dir, encoder: dir, Encoder: encoder, Pooling: Pooling{Modes: []string{"mean"}, IncludePrompt: true}, Similarity: "cosine"}
	if err := m.loadSettings(); err != nil {
		return nil, err
	}
	return m, m.loadTokenizer()
}

// PromptFor is the first of the names that the model has a prompt of, for [EncodeOptions].PromptName; "" for none. encode_query
// takes "query", encode_document "document", "passage" or "corpus".
func (m *Model) PromptFor(names ...string) string {
	for _, name := range names {
		if _, ok := m.Prompts[name]; ok {
			return name
		}
	}
	return ""
}

// EncoderDir is the folder of the encoder: where its config.json is.
func (m *Model) EncoderDir() string { return m.encoder }

// Free frees the model's tensors.
func (m *Model) Free() {
	m.Encoder.Free()
	m.FreeAfter()
}

// FreeAfter frees the modules behind the pooling and takes them out of the model: what remains gives the pooled states.
func (m *Model) FreeAfter() {
	defer func() { m.After = nil }()
	for _, module := range m.After {
		if d, ok := module.(*Dense); ok {
			d.Weight.Free()
			if d.Bias != nil {
				d.Bias.Free()
			}
		}
	}
}

// Dimensions is the length of the model's vectors.
func (m *Model) Dimensions() int {
	n := m.Encoder.Config.HiddenSize * len(m.Pooling.Modes)
	for _, module := range m.After {
		if d, ok := module.(*Dense); ok {
			n = d.Weight.Dim(0)
		}
	}
	return n
}

// moduleEntry is an element of modules.json.
type moduleEntry struct {
	Index int    `json:"idx"`
	Name  string `json:"name"`
	Path  string `json:"path"`
	Type  string `json:"type"`
}

// kind is the last part of the class's path, which is all that has stayed the same from version 2 to 6.
func (e moduleEntry) kind() string { return e.Type[strings.LastIndexByte(e.Type, '.')+1:] }

// Load reads a directory that sentence-transformers has written, or the bare encoder of a Hugging Face directory, which gets
// mean pooling and no normalisation, as there.
func Load(ctx context.Context, dir string, o bert.LoadOptions) (m *Model, err error) {
	defer torch.Catch(&err)
	m = &Model{dir: dir, encoder: dir, Pooling: Pooling{Modes: []string{"mean"}, IncludePrompt: true}, Similarity: "cosine"}
	var entries []moduleEntry
	found, err := readJSON(filepath.Join(dir, "modules.json"), &entries)
	if err != nil {
		return nil, err
	}
	if found {
		if len(entries) == 0 || entries[0].kind() != "Transformer" {
			return nil, fmt.Errorf("%s: the first module must be a Transformer: models of other kinds are not known here", filepath.Join(dir, "modules.json"))
		}
		m.encoder = filepath.Join(dir, entries[0].Path)
		entries = entries[1:]
	}
	if m.Encoder, err = bert.Load(ctx, m.encoder, o); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			m.Free()
			m = nil
		}
	}()
	for _, e := range entries {
		if err = m.loadModule(ctx, e); err != nil {
			return
		}
	}
	if err = m.loadSettings(); err != nil {
		return
	}
	err = m.loadTokenizer()
	return
}

func (m *Model) loadModule(ctx context.Context, e moduleEntry) (err error) {
	dir := filepath.Join(m.dir, e.Path)
	switch e.kind() {
	case "Pooling":
		m.Pooling, err = readPooling(filepath.Join(dir, "config.json"))
	case "Normalize":
		m.After = append(m.After, Normalize{})
	case "Dense":
		var d *Dense
		before := m.Dimensions()
		if d, err = readDense(ctx, dir, e.Path, m.Encoder.Compute); err != nil {
			return err
		}
		m.After = append(m.After, d)
		if in := d.Weight.Dim(1); in != before {
			return fmt.Errorf("%s: in_features is %d: the vectors before this module have %d elements", filepath.Join(dir, "config.json"), in, before)
		}
	case "Dropout": // does nothing but in training
	default:
		err = fmt.Errorf("%s: module %d is a %s: Transformer, Pooling, Dense, Normalize and Dropout are known", filepath.Join(m.dir, "modules.json"), e.Index, e.Type)
	}
	return err
}

// loadSettings reads prompts, similarity and the longest text.
func (m *Model) loadSettings() error {
	var f struct {
		Prompts       map[string]*string `json:"prompts"`
		DefaultPrompt *string            `json:"default_prompt_name"`
		Similarity    *string            `json:"similarity_fn_name"`
	}
	if _, err := readJSON(filepath.Join(m.dir, "config_sentence_transformers.json"), &f); err != nil {
		return err
	}
	m.Prompts = map[string]string{}
	for name, text := range f.Prompts {
		if text != nil {
			m.Prompts[name] = *text
		}
	}
	if f.DefaultPrompt != nil {
		m.DefaultPrompt = *f.DefaultPrompt
	}
	if f.Similarity != nil {
		m.Similarity = *f.Similarity
	}
	var st struct {
		MaxTokens *int `json:"max_seq_length"`
		LowerCase bool `json:"do_lower_case"`
	}
	if _, err := readJSON(filepath.Join(m.encoder, "sentence_bert_config.json"), &st); err != nil {
		return err
	}
	var tk struct {
		MaxTokens *float64 `json:"model_max_length"`
	}
	if _, err := readJSON(filepath.Join(m.encoder, "tokenizer_config.json"), &tk); err != nil {
		return err
	}
	m.LowerCase = st.LowerCase
	m.MaxTokens = m.Encoder.Config.MaxTokens()
	switch {
	case st.MaxTokens != nil && *st.MaxTokens > 0:
		m.MaxTokens = min(m.MaxTokens, *st.MaxTokens)
	case tk.MaxTokens != nil && *tk.MaxTokens > 0 && *tk.MaxTokens < float64(m.MaxTokens):
		m.MaxTokens = int(*tk.MaxTokens)
	}
	return nil
}

func (m *Model) loadTokenizer() (err error) {
	if m.Tokenizer, err = tokenizer.LoadWith(m.encoder, tokenizer.Settings{LikeTransformers5: true, Warn: func(string) {}}); err != nil {
		return err
	}
	if m.Tokenizer, err = m.Tokenizer.WithPadding(nil); err != nil {
		return err
	}
	return m.SetMaxTokens(m.MaxTokens)
}

// SetMaxTokens changes where longer texts are cut.
func (m *Model) SetMaxTokens(n int) (err error) {
	if most := m.Encoder.Config.MaxTokens(); n < 3 || n > most {
		return fmt.Errorf("sbert: max_seq_length is %d: this model takes 3 to %d tokens", n, most)
	}
	m.MaxTokens = n
	m.Tokenizer, err = m.Tokenizer.WithTruncation(&tokenizer.Truncation{MaxLength: n})
	return err
}

// Tokenize gives the token ids of texts with their special tokens, cut at MaxTokens, on all processors.
func (m *Model) Tokenize(texts []string) ([][]int32, error) {
	if m.LowerCase {
		lowered := make([]string, len(texts))
		for i, t := range texts {
			lowered[i] = strings.ToLower(t)
		}
		texts = lowered
	}
	return m.Tokenizer.EncodeBatchIDs(texts, tokenizer.EncodeOptions{})
}

// readJSON reads a file; found is false when there is none.
func readJSON(path string, into any) (found bool, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("sbert: %w", err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	return true, nil
}
