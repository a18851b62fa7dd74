// Package nn holds layers: the Linear interface at which models, adapters and quantised weights meet, the dense layers,
// and the names that their parameters have in checkpoints.
package nn

import (
	"iter"

	"github.com/ajolote-ai/ajolote/torch"
)

// Linear maps the last dimension of a tensor, from InFeatures to OutFeatures. Models hold their weights behind it and know
// neither how they are stored nor whether an adapter sits on them.
type Linear interface {
	// Forward maps x [..., InFeatures] to [..., OutFeatures].
	Forward(x *torch.Tensor) *torch.Tensor
	InFeatures() int
	OutFeatures() int
	// Parameters yields the tensors under the names they have below this layer's in a checkpoint: "weight", "bias".
	Parameters() iter.Seq2[string, *torch.Tensor]
}

// Dense is the ordinary linear layer: y = x weightᵀ + bias.
type Dense struct {
	Weight *torch.Tensor // [out, in]
	Bias   *torch.Tensor // [out], or nil
}

var _ Linear = (*Dense)(nil)

// Forward maps x [..., in] to [..., out].
func (l *Dense) Forward(x *torch.Tensor) *torch.Tensor { return x.Linear(l.Weight, l.Bias) }

// InFeatures is the second size of Weight.
func (l *Dense) InFeatures() int { return l.Weight.Dim(1) }

// OutFeatures is the first size of Weight.
func (l *Dense) OutFeatures() int { return l.Weight.Dim(0) }

// Parameters yields weight and, where there is one, bias.
func (l *Dense) Parameters() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		if yield("weight", l.Weight) && l.Bias != nil {
			yield("bias", l.Bias)
		}
	}
}

// DenseWeight returns Weight in the scope.
func (l *Dense) DenseWeight(s *torch.Scope) *torch.Tensor { return l.Weight.In(s) }
