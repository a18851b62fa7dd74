package lora

import (
	"iter"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
)

// DoRA is a linear layer whose adapted weight W' = W + Scale · BA has its rows stretched to trained lengths m:
// y = (m / |W'|) · (W' x). The lengths |W'| count as constants in backward. Source: Liu et al., "DoRA", 2024.
type DoRA struct {
	base      nn.Linear
	Magnitude *torch.Tensor // [out], m
	nn.LowRank
}

var _ nn.Linear = (*DoRA)(nil)

// Weighted is a base that can show its weight [out, in] as a dense tensor, in the given scope.
type Weighted interface {
	nn.Linear
	DenseWeight(s *torch.Scope) *torch.Tensor
}

// Forward maps x [..., in] to [..., out].
func (l *DoRA) Forward(x *torch.Tensor) *torch.Tensor {
	dropped := l.Dropout.Forward(x)
	stretch := l.Magnitude.Div(l.lengths(x.Scope())).To(x.DType())
	out := l.base.Forward(x)
	product := l.base.Forward(dropped).Mul(stretch.AddScalar(-1))
	term := dropped.To(l.A.DType()).Linear(l.A, nil).Linear(l.B, nil).MulScalar(l.Scale).To(x.DType())
	return out.Add(product).Add(term.Mul(stretch))
}

// lengths are the row norms of W + Scale · BA, without gradient.
func (l *DoRA) lengths(s *torch.Scope) (norms *torch.Tensor) {
	torch.NoGrad(func() {
		inner := s.Child("dora")
		defer inner.Close()
		w := l.base.(Weighted).DenseWeight(inner).To(torch.Float32)
		norms = w.AddScaled(l.B.In(inner).MatMul(l.A), l.Scale).Norm(1).Keep(s)
	})
	return norms
}

// InFeatures is the base's.
func (l *DoRA) InFeatures() int { return l.base.InFeatures() }

// OutFeatures is the base's.
func (l *DoRA) OutFeatures() int { return l.base.OutFeatures() }

// Parameters yields the base's tensors.
func (l *DoRA) Parameters() iter.Seq2[string, *torch.Tensor] { return l.base.Parameters() }
