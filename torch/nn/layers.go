package nn

import (
	"iter"

	"github.com/ajolote-ai/ajolote/torch"
)

// Embedding is a table of vectors, looked up by id.
type Embedding struct {
	Weight *torch.Tensor // [words, size]
}

// Forward looks up ids (int64, any shape): [..., size].
func (e *Embedding) Forward(ids *torch.Tensor) *torch.Tensor { return torch.Embedding(e.Weight, ids) }

// Parameters yields the table, "weight".
func (e *Embedding) Parameters() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) { yield("weight", e.Weight) }
}

// RMSNorm is [torch.Tensor.RMSNorm] with its weight.
type RMSNorm struct {
	Weight *torch.Tensor // [size]
	Eps    float64
}

// Forward normalises the last dimension of x.
func (n *RMSNorm) Forward(x *torch.Tensor) *torch.Tensor { return x.RMSNorm(n.Weight, n.Eps) }

// LayerNorm is [torch.Tensor.LayerNorm] with its weight and bias.
type LayerNorm struct {
	Weight, Bias *torch.Tensor // [size]
	Eps          float64
}

// Forward normalises the last dimension of x.
func (n *LayerNorm) Forward(x *torch.Tensor) *torch.Tensor {
	return x.LayerNorm(n.Weight, n.Bias, n.Eps)
}

// Model is what adapters, optimizers and checkpoints need to know of an architecture.
type Model interface {
	// Parameters yields every tensor under its name in a checkpoint.
	Parameters() iter.Seq2[string, *torch.Tensor]
	// Linears yields the place of every linear layer under its module name ("model.layers.0.self_attn.q_proj"); writing to
	// the place replaces the layer.
	Linears() iter.Seq2[string, *Linear]
}
