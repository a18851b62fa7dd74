package sbert

import (
	"github.com/ajolote-ai/ajolote/torch"
)

// CosineSimilarity draws the cosine of two texts to a given score (Reimers and Gurevych, 2019):
//
//	loss = mean over rows of (cos(a, b) - score)²
//
// Columns: two texts; targets: Scores.
type CosineSimilarity struct{}

// Value computes the loss.
func (CosineSimilarity) Value(columns []*torch.Tensor, targets Targets) *torch.Tensor {
	needColumns("CosineSimilarity", columns, 2, 2)
	needRows("CosineSimilarity", "scores", len(targets.Scores), columns[0].Dim(0))
	cos := pairwise(columns[0], columns[1])
	return cos.Sub(torch.FromSlice(cos.Scope(), targets.Scores, len(targets.Scores))).PowScalar(2).Mean()
}

// CoSENT draws the cosines of pairs into the order of their scores (Su, "CoSENT", 2022):
//
//	loss = log(1 + Σ exp(s·(cos_i - cos_j)))  over all i, j with score_i < score_j
//
// Columns: two texts; targets: Scores.
type CoSENT struct {
	Scale float64 // 0 stands for 20
}

// Value computes the loss.
func (l CoSENT) Value(columns []*torch.Tensor, targets Targets) *torch.Tensor {
	needColumns("CoSENT", columns, 2, 2)
	n := columns[0].Dim(0)
	needRows("CoSENT", "scores", len(targets.Scores), n)
	scale := l.Scale
	if scale == 0 {
		scale = 20
	}
	cos := pairwise(columns[0], columns[1]).MulScalar(scale)
	scores := torch.FromSlice(cos.Scope(), targets.Scores, n)
	inOrder := scores.Unsqueeze(1).Ge(scores.Unsqueeze(0)) // pairs of no concern
	differences := cos.Unsqueeze(1).Sub(cos.Unsqueeze(0)).MaskedFill(inOrder, -1e12).Reshape(n * n)
	zero := torch.Zeros(cos.Scope(), torch.Options{DType: cos.DType(), Device: cos.Device()}, 1)
	return torch.Cat(0, zero, differences).LogSumExp(0)
}
