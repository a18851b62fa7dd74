package nn

import "github.com/ajolote-ai/ajolote/torch"

// LowRank is what an adapter adds to a linear layer: Scale · B (A (dropout(x))). Source: Hu et al., "LoRA", 2021.
type LowRank struct {
	A       *torch.Tensor // [rank, in]
	B       *torch.Tensor // [out, rank]
	Scale   float64
	Dropout *Dropout // nil for none
}

// Forward maps x [..., in] to [..., out], the term alone. It is computed in the type of A and B and returned in x's.
func (r *LowRank) Forward(x *torch.Tensor) *torch.Tensor {
	return r.Dropout.Forward(x).To(r.A.DType()).Linear(r.A, nil).Linear(r.B, nil).MulScalar(r.Scale).To(x.DType())
}

// Adapted is a linear layer that is another one plus a low-rank term. It lets the base compute both at once.
type Adapted interface {
	Linear
	Parts() (base Linear, term *LowRank)
}

// WithLowRank is a base that computes a low-rank term together with itself.
type WithLowRank interface {
	Linear
	ForwardLowRank(x *torch.Tensor, term *LowRank) *torch.Tensor
}

// Part is one of several projections of the same input: a base, and what is added to it, or nil.
type Part struct {
	Base Linear
	Term *LowRank
}

// Projector is a base that computes several projections of one input together. It returns nil when it cannot for these.
type Projector interface {
	Linear
	ProjectParts(x *torch.Tensor, parts []Part) []*torch.Tensor
}

// Project applies linear layers that share the input x [..., in]: the queries, keys and values of attention, gate and up of
// an MLP. It gives what one Forward each would; bases that can do better together, or together with their adapters, do.
func Project(x *torch.Tensor, layers ...Linear) []*torch.Tensor {
	parts := make([]Part, len(layers))
	for i, l := range layers {
		parts[i] = Part{Base: l}
		if a, ok := l.(Adapted); ok {
			parts[i].Base, parts[i].Term = a.Parts()
		}
	}
	if p, ok := parts[0].Base.(Projector); ok {
		if outs := p.ProjectParts(x, parts); outs != nil {
			return outs
		}
	}
	outs := make([]*torch.Tensor, len(parts))
	for i, p := range parts {
		outs[i] = p.forward(x)
	}
	return outs
}

func (p Part) forward(x *torch.Tensor) *torch.Tensor {
	if p.Term == nil {
		return p.Base.Forward(x)
	}
	if base, ok := p.Base.(WithLowRank); ok {
		return base.ForwardLowRank(x, p.Term)
	}
	return p.Base.Forward(x).Add(p.Term.Forward(x))
}
