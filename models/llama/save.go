package llama

import (
	"fmt"
	"path/filepath"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

// New makes a model of the shape that c says, with random weights: normal of deviation 0.02, as transformers' default
// initializer_range has it, norms of one, biases of zero.
func New(c Config, g *torch.Generator) (m *Model, err error) {
	defer torch.Catch(&err)
	const deviation = 0.02
	matrix := func(rows, columns int) *torch.Tensor {
		t := torch.Empty(nil, torch.Float32CPU, rows, columns)
		g.Normal(t, 0, deviation)
		return t
	}
	ones := func() *nn.RMSNorm {
		return &nn.RMSNorm{Weight: torch.Ones(nil, torch.Float32CPU, c.HiddenSize), Eps: c.NormEps}
	}
	embedding := matrix(c.VocabSize, c.HiddenSize)
	m = &Model{Config: c, Compute: torch.Float32, Embed: &nn.Embedding{Weight: embedding}, Norm: ones(),
		angles: &angles{rope: c.Rope, size: c.HeadDim}}
	for range c.Layers {
		m.Layers = append(m.Layers, &Layer{
			InputNorm: ones(), PostNorm: ones(), MLP: &MLP{},
			Attention: &Attention{Heads: c.Heads, KVHeads: c.KVHeads, HeadDim: c.HeadDim, Window: c.Window},
		})
	}
	places := map[string]*nn.Linear{}
	for name, place := range m.Linears() {
		places[name] = place
	}
	for _, s := range c.linears() {
		dense := &nn.Dense{Weight: matrix(s.out, s.in)}
		if s.bias {
			dense.Bias = torch.Zeros(nil, torch.Float32CPU, s.out)
		}
		*places[s.name] = dense
	}
	m.Head = &nn.Dense{Weight: embedding}
	if !c.TieHead {
		m.Head = &nn.Dense{Weight: matrix(c.VocabSize, c.HiddenSize)}
	}
	return m, nil
}

const weightsFile = "model.safetensors"

// Save writes the weights into dir/model.safetensors, in the types that they have.
func (m *Model) Save(dir string) error {
	if err := tensorfile.Save(filepath.Join(dir, weightsFile), m.Parameters()); err != nil {
		return fmt.Errorf("llama: %w", err)
	}
	return nil
}

// Restore copies weights that [Model.Save] wrote into dir into the model's tensors.
func (m *Model) Restore(dir string) error {
	if err := tensorfile.Restore(filepath.Join(dir, weightsFile), m.Parameters()); err != nil {
		return fmt.Errorf("llama: %w", err)
	}
	return nil
}
