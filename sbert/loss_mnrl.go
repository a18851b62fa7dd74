package sbert

import (
	"math"

	"github.com/ajolote-ai/ajolote/torch"
)

// MultipleNegativesRanking takes every other row's answer for a wrong one (Henderson et al., "Efficient Natural Language
// Response Suggestion for Smart Reply", 2017; van den Oord et al., "Representation Learning with Contrastive Predictive
// Coding", 2018):
//
//	loss = mean over rows i of  -log( exp(s·sim(a_i, p_i)) / Σ_j exp(s·sim(a_i, c_j)) )
//
// where a are anchors, p positives, c all positives of the batch and then all negatives, sim the cosine (or the dot product)
// and s the scale.
//
//	columns             | targets
//	anchor, positive    | none
//	anchor, positive, negative, ... | none
//
// Larger batches make it harder and better; [Stepper] with MiniBatch computes any batch in the memory of a part of it, as
// sentence-transformers' CachedMultipleNegativesRankingLoss does.
type MultipleNegativesRanking struct {
	Scale float64 // of the similarities; 0 stands for 20
	Dot   bool    // the dot product instead of the cosine
	// Symmetric adds the loss of finding the anchor by its positive, and halves the sum
	// (MultipleNegativesSymmetricRankingLoss).
	Symmetric bool
}

// Value computes the loss.
func (l MultipleNegativesRanking) Value(columns []*torch.Tensor, targets Targets) *torch.Tensor {
	needColumns("MultipleNegativesRanking", columns, 2, 0)
	anchors, candidates := columns[0], torch.Cat(0, columns[1:]...)
	if !l.Dot {
		anchors, candidates = cosine(anchors), cosine(candidates)
	}
	scale := l.Scale
	if scale == 0 {
		scale = 20
	}
	rows := anchors.Dim(0)
	scores := anchors.MatMul(candidates.T()).MulScalar(scale)
	if targets.Ignore != nil {
		needRows("MultipleNegativesRanking", "places to ignore", len(targets.Ignore), rows*candidates.Dim(0))
		scores = scores.MaskedFill(torch.FromSlice(scores.Scope(), targets.Ignore, rows, candidates.Dim(0)), math.Inf(-1))
	}
	own := torch.Arange(scores.Scope(), 0, float64(rows), 1, torch.Options{DType: torch.Int64, Device: scores.Device()})
	loss := scores.CrossEntropy(own, -100)
	if l.Symmetric {
		loss = loss.Add(scores.Narrow(1, 0, rows).T().CrossEntropy(own, -100)).MulScalar(0.5)
	}
	return loss
}
