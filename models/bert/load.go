package bert

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

// LoadOptions say how weights are held in memory.
type LoadOptions struct {
	// Compute is the type in which the model computes and holds its weights. The default is float32.
	Compute torch.DType
	// Progress is told the bytes read so far and in all; nil for none.
	Progress func(done, total int64)
}

// Load reads a model directory of the Hugging Face layout: config.json and safetensors. The names of tensors may begin with
// "bert.", "roberta." or nothing; the heads of other tasks are passed over. Tensors that are missing, surplus, of another
// shape or not finite are all listed in one error. ctx stops the loading between tensors.
func Load(ctx context.Context, dir string, o LoadOptions) (m *Model, err error) {
	defer torch.Catch(&err)
	c, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	weights, err := safetensors.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("bert: %w", err)
	}
	defer weights.Close()
	if o.Compute == 0 { // uint8, which no model computes in
		o.Compute = torch.Float32
	}
	if !slices.Contains([]torch.DType{torch.Float32, torch.BFloat16, torch.Float16, torch.Float64}, o.Compute) {
		return nil, fmt.Errorf("bert: a model computes in float32, bfloat16, float16 or float64, not in %s", o.Compute)
	}
	m = New(c)
	m.Compute = o.Compute
	l := &loader{ctx: ctx, weights: weights, o: o, total: weights.Bytes()}
	if err := l.plan(m); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err := l.read(); err != nil {
		m.Free()
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return m, nil
}

// New makes a model of a shape without weights: every tensor is nil until it is loaded.
func New(c Config) *Model {
	norm := func() *nn.LayerNorm { return &nn.LayerNorm{Eps: c.NormEps} }
	dense := func() nn.Linear { return &nn.Dense{} }
	m := &Model{Config: c, Compute: torch.Float32, Words: &nn.Embedding{}, Positions: &nn.Embedding{}, Types: &nn.Embedding{}, Norm: norm()}
	for range c.Layers {
		m.Layers = append(m.Layers, &Layer{
			Attention:     &Attention{Q: dense(), K: dense(), V: dense(), Out: dense(), Heads: c.Heads},
			AttentionNorm: norm(), Up: dense(), Down: dense(), Norm: norm(), activation: c.Activation,
		})
	}
	m.setDropouts()
	return m
}

// slot is a tensor that the model wants.
type slot struct {
	name  string
	shape []int
	to    **torch.Tensor
}

// slots lists the tensors of a model without weights.
func (m *Model) slots() []slot {
	c := m.Config
	h := c.HiddenSize
	list := []slot{
		{"embeddings.word_embeddings.weight", []int{c.VocabSize, h}, &m.Words.Weight},
		{"embeddings.position_embeddings.weight", []int{c.MaxPositions, h}, &m.Positions.Weight},
		{"embeddings.token_type_embeddings.weight", []int{c.TokenTypes, h}, &m.Types.Weight},
	}
	for name, norm := range m.norms() {
		list = append(list, slot{name + ".weight", []int{h}, &norm.Weight}, slot{name + ".bias", []int{h}, &norm.Bias})
	}
	for name, place := range m.Linears() {
		out, in := h, h
		switch {
		case strings.HasSuffix(name, "intermediate.dense"):
			out = c.Intermediate
		case strings.HasSuffix(name, "output.dense") && !strings.Contains(name, "attention"):
			in = c.Intermediate
		}
		d := (*place).(*nn.Dense)
		list = append(list, slot{name + ".weight", []int{out, in}, &d.Weight}, slot{name + ".bias", []int{out}, &d.Bias})
	}
	return list
}

type loader struct {
	ctx         context.Context
	weights     *safetensors.Weights
	o           LoadOptions
	done, total int64
	slots       []slot
	sources     []*safetensors.Tensor
}

// heads are the beginnings of names that belong to other tasks' layers, and the position ids that old files carry.
var heads = []string{"lm_head.", "cls.", "classifier.", "qa_outputs.", "embeddings.position_ids"}

// plan compares the file's tensors with those that the configuration wants, and lists every difference.
func (l *loader) plan(m *Model) error {
	byName := map[string]*safetensors.Tensor{}
	for _, t := range l.weights.Tensors() {
		byName[modernName(t.Name)] = t
	}
	if byName["pooler.dense.weight"] != nil {
		m.Pooler = &nn.Dense{}
	}
	var faults []string
	l.slots = m.slots()
	for _, s := range l.slots {
		t := byName[s.name]
		delete(byName, s.name)
		if t == nil {
			faults = append(faults, s.name+" is missing")
		} else if !tensorfile.SameShape(t.Shape, s.shape) {
			faults = append(faults, fmt.Sprintf("%s has shape %d, config.json says %d", t.Name, t.Shape, s.shape))
		}
		l.sources = append(l.sources, t)
	}
	for _, t := range l.weights.Tensors() {
		name := modernName(t.Name)
		if byName[name] == t && !isHead(name) {
			faults = append(faults, t.Name+" belongs to no layer of this architecture")
		}
	}
	return listed("the weights do not fit config.json", faults)
}

// modernName is a tensor's name without the prefix of a model with a head, with the names that LayerNorm has had since 2019.
func modernName(name string) string {
	for _, prefix := range []string{"bert.", "roberta."} {
		name = strings.TrimPrefix(name, prefix)
	}
	name = strings.Replace(name, "LayerNorm.gamma", "LayerNorm.weight", 1)
	return strings.Replace(name, "LayerNorm.beta", "LayerNorm.bias", 1)
}

func isHead(name string) bool {
	for _, prefix := range heads {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// listed makes one error of faults, of which it shows at most twenty.
func listed(what string, faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	if n := len(faults); n > 20 {
		faults = append(faults[:20:20], fmt.Sprintf("and %d more", n-20))
	}
	return fmt.Errorf("%s: %s", what, strings.Join(faults, "; "))
}

// read fills the slots.
func (l *loader) read() error {
	var faults []string
	for i, s := range l.slots {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		source := l.sources[i]
		t, err := readTensor(source, l.o.Compute)
		if err != nil {
			return err
		}
		*s.to = t
		if !torch.AllFinite([]*torch.Tensor{t}) {
			faults = append(faults, source.Name)
		}
		l.done += source.Bytes()
		if l.o.Progress != nil {
			l.o.Progress(l.done, l.total)
		}
	}
	return listed("tensors with NaN or infinite elements, so that every vector would be NaN; the file is damaged or its training diverged", faults)
}

// readTensor loads a long-lived tensor of the type dtype.
func readTensor(source *safetensors.Tensor, dtype torch.DType) (*torch.Tensor, error) {
	t, err := tensorfile.Read(nil, source)
	if err != nil {
		return nil, err
	}
	if !t.DType().IsFloat() {
		t.Free()
		return nil, fmt.Errorf("%s: tensor %s has type %v: a weight is of floating point", source.File(), source.Name, source.DType)
	}
	if t.DType() == dtype {
		return t, nil
	}
	s := torch.NewScope("read")
	defer s.Close()
	converted := t.In(s).To(dtype).Keep(nil)
	t.Free()
	return converted, nil
}

// Save writes the weights into dir/model.safetensors under the names of the bare encoder, in the types that they have.
func (m *Model) Save(dir string) error {
	if err := tensorfile.Save(filepath.Join(dir, "model.safetensors"), m.Parameters()); err != nil {
		return fmt.Errorf("bert: %w", err)
	}
	return nil
}

// Restore copies weights that [Model.Save] wrote into the model's tensors.
func (m *Model) Restore(dir string) error { return restore(dir, m.Parameters()) }

func restore(dir string, parameters iter.Seq2[string, *torch.Tensor]) (err error) {
	defer torch.Catch(&err)
	weights, err := safetensors.Open(dir)
	if err != nil {
		return fmt.Errorf("bert: %w", err)
	}
	defer weights.Close()
	for name, t := range parameters {
		source := weights.Tensor(name)
		if source == nil || !tensorfile.SameShape(source.Shape, t.Shape()) {
			return fmt.Errorf("%s: tensor %s is missing or of another shape: it is no checkpoint of this model", dir, name)
		}
		s := torch.NewScope("restore")
		value, err := tensorfile.Read(s, source)
		if err == nil {
			torch.NoGrad(func() { t.Copy(value) })
		}
		s.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
