package bert

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"

	"github.com/ajolote-ai/ajolote/internal/atomicfile"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

// Classifier is an encoder with a head that tells one of several labels of a text, from the hidden state of its first token:
// transformers' BertForSequenceClassification, RobertaForSequenceClassification and their relatives.
//
//	bert     logits = out(drop(tanh(pooler(h))))
//	others   logits = out(drop(tanh(dense(drop(h)))))
type Classifier struct {
	Encoder *Model
	Labels  []string
	Dense   nn.Linear // bert: the encoder's pooler
	Out     nn.Linear // [labels, hidden]

	before, after *nn.Dropout // of the dense layer
}

// NewClassifier puts a new head on an encoder, with weights as transformers draws them: normal, of the deviation
// initializer_range, 0.02, by seed; biases of zero. A bert encoder keeps its pooler, or gets a new one. The encoder belongs to
// the classifier from then on.
func NewClassifier(m *Model, labels []string, seed uint64) *Classifier {
	h := m.Config.HiddenSize
	random := torch.NewGenerator(seed)
	dense := func(out int) nn.Linear {
		l := &nn.Dense{Weight: torch.Zeros(nil, torch.Options{DType: m.Compute, Device: torch.CPU}, out, h), Bias: torch.Zeros(nil, torch.Options{DType: m.Compute, Device: torch.CPU}, out)}
		random.Normal(l.Weight, 0, 0.02)
		return l
	}
	c := &Classifier{Encoder: m, Labels: labels}
	if m.Config.roberta() {
		c.dropPooler()
		c.Dense = dense(h)
	} else {
		if m.Pooler == nil {
			m.Pooler = dense(h)
		}
		c.Dense = m.Pooler
	}
	c.Out = dense(len(labels))
	c.setDropouts()
	return c
}

// LoadClassifier puts the head that stands in dir on the encoder that was loaded from it. The labels are those of config.json.
func LoadClassifier(ctx context.Context, dir string, o LoadOptions) (c *Classifier, err error) {
	defer torch.Catch(&err)
	m, err := Load(ctx, dir, o)
	if err != nil {
		return nil, err
	}
	c = &Classifier{Encoder: m, Labels: m.Config.Labels}
	if c.Labels == nil { // transformers' default
		c.Labels = []string{"LABEL_0", "LABEL_1"}
	}
	defer func() {
		if err != nil {
			c.Free()
			c = nil
		}
	}()
	file, err := tensorfile.Open(dir, modernName)
	if err != nil {
		return c, fmt.Errorf("bert: %w", err)
	}
	defer file.Close()
	h := m.Config.HiddenSize
	var slots []slot
	dense := func(name string, out int) *nn.Dense {
		l := &nn.Dense{}
		slots = append(slots, slot{name + ".weight", []int{out, h}, &l.Weight}, slot{name + ".bias", []int{out}, &l.Bias})
		return l
	}
	if m.Config.roberta() {
		c.dropPooler()
		c.Dense, c.Out = dense("classifier.dense", h), dense("classifier.out_proj", len(c.Labels))
	} else {
		c.Dense, c.Out = m.Pooler, dense("classifier", len(c.Labels))
		file.Want("pooler.dense.weight", h, h) // which the encoder has, if it is there
	}
	for _, s := range slots {
		file.Want(s.name, s.shape...)
	}
	what := fmt.Sprintf("%s: no classification head of the %d labels of config.json", dir, len(c.Labels))
	if err := file.Check(what, func(string) bool { return true }); err != nil {
		return c, err
	}
	if err := fill(ctx, file, slots, m.Compute); err != nil {
		return c, err
	}
	c.setDropouts()
	return c, nil
}

// dropPooler frees a pooler that RoBERTa's head does not look at.
func (c *Classifier) dropPooler() {
	if d, ok := c.Encoder.Pooler.(*nn.Dense); ok {
		d.Weight.Free()
		d.Bias.Free()
	}
	c.Encoder.Pooler = nil
}

// setDropouts numbers the head's dropouts behind the encoder's.
func (c *Classifier) setDropouts() {
	first := uint64(1 + 3*len(c.Encoder.Layers))
	clock := &c.Encoder.Clock
	c.before = &nn.Dropout{P: c.Encoder.Config.HeadDropout, Layer: first, Clock: clock}
	c.after = &nn.Dropout{P: c.Encoder.Config.HeadDropout, Layer: first + 1, Clock: clock}
}

// SetDropout replaces the probabilities of config.json: the encoder's and the head's.
func (c *Classifier) SetDropout(p float64) {
	c.Encoder.SetDropout(p, p)
	c.Encoder.Config.HeadDropout = p
	c.setDropouts()
}

// Forward returns the logits of the labels, [texts, labels], in s. It panics with *torch.Error where rows do not fit the model.
func (c *Classifier) Forward(s *torch.Scope, rows Rows) *torch.Tensor {
	hidden := c.Encoder.Forward(s, rows)
	bounds := rows.bounds()
	first := make([]int64, len(bounds)-1)
	for i := range first {
		first[i] = int64(bounds[i])
	}
	x := hidden.IndexSelect(0, torch.FromSlice(s, first, len(first)))
	if c.Encoder.Config.roberta() {
		x = c.before.Forward(x)
	}
	return c.Out.Forward(c.after.Forward(c.Dense.Forward(x).Tanh()))
}

// Parameters yields every tensor under its name in a checkpoint of transformers.
func (c *Classifier) Parameters() iter.Seq2[string, *torch.Tensor] {
	prefix, dense, out := "roberta.", "classifier.dense.", "classifier.out_proj."
	if !c.Encoder.Config.roberta() {
		prefix, dense, out = "bert.", "", "classifier."
	}
	return func(yield func(string, *torch.Tensor) bool) {
		for name, p := range c.Encoder.Parameters() {
			if !yield(prefix+name, p) {
				return
			}
		}
		for _, part := range []struct {
			name  string
			layer nn.Linear
		}{{dense, c.Dense}, {out, c.Out}} {
			if part.name == "" || part.layer == nil {
				continue // the pooler is among the encoder's
			}
			for suffix, p := range part.layer.Parameters() {
				if !yield(part.name+suffix, p) {
					return
				}
			}
		}
	}
}

// Free frees the tensors of encoder and head.
func (c *Classifier) Free() {
	for _, t := range c.Parameters() {
		if t != nil {
			t.Free()
		}
	}
}

// architectures are the classes of transformers that read what Save writes.
var architectures = map[string]string{
	"bert": "BertForSequenceClassification", "roberta": "RobertaForSequenceClassification",
	"camembert": "CamembertForSequenceClassification", "xlm-roberta": "XLMRobertaForSequenceClassification",
}

// Save writes model.safetensors and config.json into dir as transformers does, config.json with every other key of the one in
// from, which the encoder was loaded from.
func (c *Classifier) Save(from, dir string) error {
	text, err := os.ReadFile(filepath.Join(from, "config.json"))
	if err != nil {
		return fmt.Errorf("bert: %w", err)
	}
	config := map[string]any{}
	if err := json.Unmarshal(text, &config); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(from, "config.json"), err)
	}
	names, numbers := map[string]string{}, map[string]int{}
	for i, label := range c.Labels {
		names[strconv.Itoa(i)], numbers[label] = label, i
	}
	config["architectures"] = []string{architectures[c.Encoder.Config.ModelType]}
	config["id2label"], config["label2id"], config["problem_type"] = names, numbers, "single_label_classification"
	config["dtype"], config["torch_dtype"] = c.Encoder.Compute.String(), c.Encoder.Compute.String()
	err = atomicfile.Write(filepath.Join(dir, "config.json"), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(config)
	})
	if err != nil {
		return fmt.Errorf("bert: %w", err)
	}
	if err := tensorfile.Save(filepath.Join(dir, weightsFile), c.Parameters()); err != nil {
		return fmt.Errorf("bert: %w", err)
	}
	return nil
}

// Restore copies weights that [Classifier.Save] wrote into the classifier's tensors.
func (c *Classifier) Restore(dir string) error { return restore(dir, c.Parameters()) }
