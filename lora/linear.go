package lora

import (
	"iter"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
)

// Linear is a linear layer with an adapter: base(x) + Scale · B (A (dropout(x))). The base is frozen.
type Linear struct {
	base nn.Linear
	nn.LowRank
}

var _ nn.Adapted = (*Linear)(nil)

// Parts gives the base and the term to bases that compute both together.
func (l *Linear) Parts() (nn.Linear, *nn.LowRank) { return l.base, &l.LowRank }

// Forward maps x [..., in] to [..., out].
func (l *Linear) Forward(x *torch.Tensor) *torch.Tensor { return nn.Project(x, l)[0] }

// InFeatures is the base's.
func (l *Linear) InFeatures() int { return l.base.InFeatures() }

// OutFeatures is the base's.
func (l *Linear) OutFeatures() int { return l.base.OutFeatures() }

// Parameters yields the base's tensors: a checkpoint of the model is that of its base. The adapter's own are with [Adapter].
func (l *Linear) Parameters() iter.Seq2[string, *torch.Tensor] { return l.base.Parameters() }
