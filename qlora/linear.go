package qlora

import (
	"iter"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
)

// Linear is the linear layer over a quantised matrix: y = x Wᵀ + bias. W has no gradient; x, the bias and the low-rank terms
// of an adapter have. Backward keeps x and decodes W again.
type Linear struct {
	Weight *Weight
	Bias   *torch.Tensor // [out], or nil

	// Compute is the type in which x and the decoded W are multiplied, the sums being float32: torch.Float32,
	// torch.BFloat16 or torch.Float16. The zero value takes x's type. The result has x's type. On the CPU up to eight tokens are
	// multiplied in float32 whatever it is: their time is that of reading the codes, and rounding the factors would add to it.
	Compute torch.DType
}

var (
	_ nn.Linear      = (*Linear)(nil)
	_ nn.WithLowRank = (*Linear)(nil)
	_ nn.Projector   = (*Linear)(nil)
)

// InFeatures is the number of columns of the matrix.
func (l *Linear) InFeatures() int { return l.Weight.NF4.Cols }

// OutFeatures is the number of rows of the matrix.
func (l *Linear) OutFeatures() int { return l.Weight.NF4.Rows }

// DenseWeight decodes the matrix, float32 [out, in], into s.
func (l *Linear) DenseWeight(s *torch.Scope) *torch.Tensor {
	w, err := l.Weight.Dequantize(s, torch.Float32)
	if err != nil {
		panic(err)
	}
	return w
}

// Forward maps x [..., in] to [..., out].
func (l *Linear) Forward(x *torch.Tensor) *torch.Tensor { return l.ForwardLowRank(x, nil) }

// ForwardLowRank adds the term, which may be nil, within the same operation.
func (l *Linear) ForwardLowRank(x *torch.Tensor, term *nn.LowRank) *torch.Tensor {
	return l.ProjectParts(x, []nn.Part{{Base: l, Term: term}})[0]
}

// ProjectParts computes projections of x together when all of them are quantised, compute in the same type, and draw their
// dropout from one clock; otherwise it returns nil.
func (l *Linear) ProjectParts(x *torch.Tensor, parts []nn.Part) []*torch.Tensor {
	list := make([]torch.NF4Part, len(parts))
	var clock *nn.Clock
	for i, p := range parts {
		base, ok := p.Base.(*Linear)
		if !ok || base.Compute != l.Compute {
			return nil
		}
		list[i] = torch.NF4Part{Weight: &base.Weight.NF4, Bias: base.Bias}
		if p.Term == nil {
			continue
		}
		list[i].A, list[i].B, list[i].Scale = p.Term.A, p.Term.B, p.Term.Scale
		if d := p.Term.Dropout; d != nil && d.P != 0 && d.Clock.Training {
			if clock != nil && clock != d.Clock {
				return nil
			}
			clock = d.Clock
			list[i].Dropout, list[i].Seed, list[i].Stream = d.P, d.Clock.Seed, d.Clock.Step<<20|d.Layer
		}
	}
	compute, firstRow := l.Compute, 0
	if compute == 0 {
		compute = x.DType()
	}
	if clock != nil {
		firstRow = clock.Row
	}
	return x.ProjectNF4(list, firstRow, compute)
}

// Parameters yields the tensors under the names that bitsandbytes gives them: "weight" for the codes, "weight.absmax",
// "weight.quant_map", "weight.quant_state.bitsandbytes__nf4", with compressed scales "weight.nested_absmax" and
// "weight.nested_quant_map"; and "bias" where there is one.
func (l *Linear) Parameters() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for ending, t := range l.Weight.tensors() {
			if !yield("weight"+ending, t) {
				return
			}
		}
		if l.Bias != nil {
			yield("bias", l.Bias)
		}
	}
}
