package sbert

import (
	"github.com/ajolote-ai/ajolote/torch"
)

// BatchAllTriplet draws texts of one class together and those of others away, over all triplets of a batch that are not yet
// far enough apart (Hermans et al., "In Defense of the Triplet Loss for Person Re-Identification", 2017):
//
//	loss = mean over valid (a, p, n) with a positive value of  max(0, |a-p| - |a-n| + margin)
//
// Columns: one text; targets: Classes. A batch without any triplet has the loss 0.
type BatchAllTriplet struct {
	Margin float64 // 0 stands for 5
}

// Value computes the loss.
func (l BatchAllTriplet) Value(columns []*torch.Tensor, targets Targets) *torch.Tensor {
	needColumns("BatchAllTriplet", columns, 1, 1)
	x := columns[0]
	n := x.Dim(0)
	needRows("BatchAllTriplet", "classes", len(targets.Classes), n)
	margin := l.Margin
	if margin == 0 {
		margin = 5
	}
	invalid := make([]bool, n*n*n)
	for a := range n {
		for p := range n {
			for q := range n {
				same, other := targets.Classes[a] == targets.Classes[p], targets.Classes[a] != targets.Classes[q]
				invalid[(a*n+p)*n+q] = a == p || !same || !other
			}
		}
	}
	d := distances(x)
	values := d.Unsqueeze(2).Sub(d.Unsqueeze(1)).AddScalar(margin)
	values = values.MaskedFill(torch.FromSlice(x.Scope(), invalid, n, n, n), 0).Relu()
	count := values.GtScalar(1e-16).To(torch.Float32).Sum().AddScalar(1e-16)
	return values.Sum().Div(count.Detach())
}

// distances are the Euclidean distances between all rows, [rows, rows]; where two rows are the same no gradient flows, as
// the root has none at 0.
func distances(x *torch.Tensor) *torch.Tensor {
	dot := x.MatMul(x.T())
	square := x.Mul(x).Sum(-1)
	d := square.Unsqueeze(0).Sub(dot.MulScalar(2)).Add(square.Unsqueeze(1)).Relu()
	same := d.EqScalar(0)
	return d.MaskedFill(same, 1).Sqrt().MaskedFill(same, 0)
}
