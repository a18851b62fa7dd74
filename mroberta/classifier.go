package mroberta

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/ajolote-ai/ajolote/hub"
	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch"
)

// Classifier tells the label of a text, with a model of transformers' ...ForSequenceClassification. Any number of goroutines
// may predict with it at once.
type Classifier struct {
	*bert.Classifier
	// Texts has the tokenizer, the longest text, and the files that the classifier was loaded from.
	Texts *sbert.Model
}

// LoadClassifier reads a folder or a model of the hub. progress is told the bytes that are read; nil for nobody.
func LoadClassifier(ctx context.Context, name string, progress func(done, total int64)) (*Classifier, error) {
	dir, err := hub.Fetch(ctx, hub.Request{Name: name, Ignore: []string{"*.bin", "*.h5", "*.onnx", "openvino/"}})
	if err != nil {
		return nil, err
	}
	head, err := bert.LoadClassifier(ctx, dir, bert.LoadOptions{Progress: progress})
	if err != nil {
		return nil, err
	}
	texts, err := sbert.LoadTokenizer(dir, head.Encoder)
	if err != nil {
		head.Free()
		return nil, err
	}
	return &Classifier{head, texts}, nil
}

// Save writes the classifier as transformers does: weights, config.json, the tokenizer.
func (c *Classifier) Save(dir string) error {
	if err := c.Texts.SaveTokenizer(dir); err != nil {
		return err
	}
	return c.Classifier.Save(c.Texts.EncoderDir(), dir)
}

// Prediction is the label of a text.
type Prediction struct {
	Label       string
	Probability float64   // that the model gives it
	All         []float64 // the probability of each label, in the classifier's order
}

// Predict tells the labels of texts, in their order. Texts longer than the model takes are cut. progress is told how many are
// done; nil for nobody.
func (c *Classifier) Predict(ctx context.Context, texts []string, progress func(done, total int)) (predictions []Prediction, err error) {
	defer torch.Catch(&err)
	ids, err := c.Texts.Tokenize(texts)
	if err != nil {
		return nil, err
	}
	order := make([]int, len(ids))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(ids[b]), len(ids[a])) })
	predictions = make([]Prediction, len(texts))
	for from := 0; from < len(order); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		to, tokens := from, 0
		for to < len(order) && (to == from || tokens+len(ids[order[to]]) <= predictTokens) {
			tokens += len(ids[order[to]])
			to++
		}
		if err := c.predict(predictions, ids, order[from:to]); err != nil {
			return nil, err
		}
		from = to
		if progress != nil {
			progress(to, len(order))
		}
	}
	return predictions, nil
}

// predictTokens go through the model at once.
const predictTokens = 4096

func (c *Classifier) predict(into []Prediction, ids [][]int32, texts []int) error {
	return torch.Run(func() error {
		s := torch.NewScope("predict")
		defer s.Close()
		rows := make([][]int32, len(texts))
		for i, t := range texts {
			rows[i] = ids[t]
		}
		var p []float32
		torch.NoGrad(func() { p = c.Forward(s, bert.Join(rows...)).To(torch.Float32).Softmax(-1).Floats() })
		n := len(c.Labels)
		for i, t := range texts {
			all := make([]float64, n)
			best := 0
			for j, x := range p[i*n : (i+1)*n] {
				if math.IsNaN(float64(x)) {
					return fmt.Errorf("mroberta: text %d has probabilities of NaN: the weights are damaged", t)
				}
				all[j] = float64(x)
				if all[j] > all[best] {
					best = j
				}
			}
			into[t] = Prediction{c.Labels[best], all[best], all}
		}
		return nil
	})
}
