package nn

import (
	"iter"

	"github.com/ajolote-ai/ajolote/torch"
)

// Embedding is a table of vectors, looked up by id.
type Embedding struct {
	Weight *torch.Tensor // [words, size]
	// Sparse has the gradient hold only the rows that were looked up, as optim.RowAdamW takes it.
	Sparse bool
}

// Forward looks up ids (int64, any shape): [..., size].
func (e *Embedding) Forward(ids *torch.Tensor) *torch.Tensor {
	if e.Sparse {
		return torch.SparseEmbedding(e.Weight, ids)
	}
	return torch.Embedding(e.Weight, ids)
}

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

// ForwardSum normalises drop(x) + residual; drop may be nil.
func (n *LayerNorm) ForwardSum(x, residual *torch.Tensor, drop *Dropout) *torch.Tensor {
	norm := torch.AddLayerNorm{Weight: n.Weight, Bias: n.Bias, Eps: n.Eps}
	if drop.active() {
		norm.Dropout, norm.Seed, norm.Stream, norm.FirstRow = drop.P, drop.Clock.Seed, drop.stream(), drop.Clock.Row
	}
	return norm.Apply(x, residual)
}

// Model is what adapters, optimizers and checkpoints need to know of an architecture.
type Model interface {
	// Parameters yields every tensor under its name in a checkpoint.
	Parameters() iter.Seq2[string, *torch.Tensor]
	// Linears yields the place of every linear layer under its module name ("model.layers.0.self_attn.q_proj"); writing to
	// the place replaces the layer.
	Linears() iter.Seq2[string, *Linear]
}

// Exchangeable is a model whose tensors can be exchanged: what training some of them in full beside adapters needs.
type Exchangeable interface {
	Model
	// Places yields the place of every tensor that another of its shape can take, under its name in a checkpoint, while no
	// layer is wrapped by an adapter.
	Places() iter.Seq2[string, **torch.Tensor]
}
