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
	// Compute is the type of the products, forward and backward, as PyTorch's autocast has it: x and the weights are rounded
	// to it, the result returns in x's type, and gradients arrive in the weights' own. 0: the weights' type.
	Compute torch.DType
}

var (
	_ Linear    = (*Dense)(nil)
	_ Projector = (*Dense)(nil)
)

// Forward maps x [..., in] to [..., out].
func (l *Dense) Forward(x *torch.Tensor) *torch.Tensor {
	if !l.rounds() {
		return x.Linear(l.Weight, l.Bias)
	}
	return l.forwardRounded(x.To(l.Compute), x.DType())
}

// ProjectParts rounds x once for all parts; without Compute there is nothing to share.
func (l *Dense) ProjectParts(x *torch.Tensor, parts []Part) []*torch.Tensor {
	for _, p := range parts {
		if d, ok := p.Base.(*Dense); !ok || !d.rounds() || d.Compute != l.Compute {
			return nil
		}
	}
	rounded := x.To(l.Compute)
	outs := make([]*torch.Tensor, len(parts))
	for i, p := range parts {
		outs[i] = p.Base.(*Dense).forwardRounded(rounded, x.DType())
		if p.Term != nil {
			outs[i] = outs[i].Add(p.Term.Forward(x))
		}
	}
	return outs
}

// rounds says whether the product is in another type than the weights'.
func (l *Dense) rounds() bool { return l.Compute != 0 && l.Compute != l.Weight.DType() }

// forwardRounded multiplies x, which is rounded, and returns the product in dtype.
func (l *Dense) forwardRounded(x *torch.Tensor, dtype torch.DType) *torch.Tensor {
	bias := l.Bias
	if bias != nil {
		bias = bias.In(x.Scope()).To(l.Compute)
	}
	return x.Linear(l.Weight.In(x.Scope()).To(l.Compute), bias).To(dtype)
}

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
