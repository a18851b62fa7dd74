package bert

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"

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
// "bert.", "roberta." or nothing; the heads of other tasks are passed over. Tensors that are missing, surplus or of
// another shape are all listed in one error; one that is not finite is an error of its own. ctx stops the loading between tensors.
func Load(ctx context.Context, dir string, o LoadOptions) (m *Model, err error) {
	err = torch.Run(func() error {
		m, err = load(ctx, dir, o)
		return err
	})
	return m, err
}

func load(ctx context.Context, dir string, o LoadOptions) (m *Model, err error) {
	c, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	if o.Compute == 0 { // uint8, which no model computes in
		o.Compute = torch.Float32
	}
	if !slices.Contains([]torch.DType{torch.Float32, torch.BFloat16, torch.Float16, torch.Float64}, o.Compute) {
		return nil, fmt.Errorf("bert: a model computes in float32, bfloat16, float16 or float64, not in %s", o.Compute)
	}
	file, err := tensorfile.Open(dir, modernName)
	if err != nil {
		return nil, fmt.Errorf("bert: %w", err)
	}
	defer file.Close()
	file.Progress = o.Progress
	m = New(c)
	m.Compute = o.Compute
	if file.Tensor("pooler.dense.weight") != nil {
		m.Pooler = &nn.Dense{}
	}
	slots := m.slots()
	for _, s := range slots {
		file.Want(s.name, s.shape...)
	}
	if err := file.Check("the weights do not fit config.json", isHead); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err := fill(ctx, file, slots, o.Compute); err != nil {
		m.Free()
		return nil, err
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

// fill reads a tensor into every slot, in the type dtype.
func fill(ctx context.Context, file *tensorfile.Checkpoint, slots []slot, dtype torch.DType) error {
	for _, s := range slots {
		var err error
		if *s.to, err = file.Read(ctx, s.name, dtype); err != nil {
			return err
		}
	}
	return nil
}

// heads are the beginnings of names that belong to other tasks' layers, and the position ids that old files carry.
var heads = []string{"lm_head.", "cls.", "classifier.", "qa_outputs.", "embeddings.position_ids"}

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

const weightsFile = "model.safetensors"

// Save writes the weights into dir/model.safetensors under the names of the bare encoder, in the types that they have.
func (m *Model) Save(dir string) error {
	if err := tensorfile.Save(filepath.Join(dir, weightsFile), m.Parameters()); err != nil {
		return fmt.Errorf("bert: %w", err)
	}
	return nil
}

// Restore copies weights that [Model.Save] wrote into the model's tensors.
func (m *Model) Restore(dir string) error { return restore(dir, m.Parameters()) }

func restore(dir string, parameters iter.Seq2[string, *torch.Tensor]) error {
	if err := tensorfile.Restore(filepath.Join(dir, weightsFile), parameters); err != nil {
		return fmt.Errorf("bert: %w", err)
	}
	return nil
}
