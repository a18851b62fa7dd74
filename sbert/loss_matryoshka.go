package sbert

import (
	"fmt"

	"github.com/ajolote-ai/ajolote/torch"
)

// Matryoshka trains vectors whose beginnings are good vectors too (Kusupati et al., "Matryoshka Representation Learning",
// 2022): the weighted sum of another loss over the first d numbers of each vector, normalised, for each d.
type Matryoshka struct {
	Loss       Loss
	Dimensions []int
	Weights    []float64 // of each; nil for ones
}

// Value computes the loss.
func (l Matryoshka) Value(columns []*torch.Tensor, targets Targets) *torch.Tensor {
	var total *torch.Tensor
	for i, d := range l.Dimensions {
		cut := make([]*torch.Tensor, len(columns))
		for j, c := range columns {
			if d < 1 || d > c.Dim(1) {
				panic(&torch.Error{Op: "Matryoshka", Msg: fmt.Sprintf("%d dimensions are asked for: the model has %d", d, c.Dim(1))})
			}
			cut[j] = cosine(c.Narrow(1, 0, d))
		}
		value := l.Loss.Value(cut, targets)
		if l.Weights != nil {
			value = value.MulScalar(l.Weights[i])
		}
		if total == nil {
			total = value
		} else {
			total = total.Add(value)
		}
	}
	return total
}
