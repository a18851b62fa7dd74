package sbert

import (
	"fmt"

	"github.com/ajolote-ai/ajolote/torch"
)

// Loss says how far the vectors of a batch are from what they should be.
type Loss interface {
	// Value is the loss, a scalar, of the vectors of a batch: one tensor [rows, dimensions] a column of the data (anchor,
	// positive, negatives). It panics with *torch.Error where columns or targets do not fit.
	Value(columns []*torch.Tensor, targets Targets) *torch.Tensor
}

// Targets are what a batch's data says beside its texts.
type Targets struct {
	// Scores of each row, for losses over similarities.
	Scores []float32
	// Classes of each row, for losses over labelled texts.
	Classes []int
	// Ignore has for each row (anchor) and candidate (all positives, then all of the first column of negatives, and so on),
	// row by row, whether the candidate is not to be taken for a wrong answer: it is the text of a right one. nil: none is.
	Ignore []bool
}

func cosine(x *torch.Tensor) *torch.Tensor { return Normalize{}.Forward(x) }

// needColumns panics unless there are at least n columns of equal shape.
func needColumns(loss string, columns []*torch.Tensor, least, most int) {
	if len(columns) < least || most > 0 && len(columns) > most {
		panic(&torch.Error{Op: loss, Msg: fmt.Sprintf("%d columns of texts do not fit this loss: it takes at least %d (and at most %d, where that is not 0)", len(columns), least, most)})
	}
}

func needRows(loss, what string, got, want int) {
	if got != want {
		panic(&torch.Error{Op: loss, Msg: fmt.Sprintf("%d %s for %d rows: the data needs one for each", got, what, want)})
	}
}

// pairwise is the cosine of the vectors of equal rows: [rows].
func pairwise(a, b *torch.Tensor) *torch.Tensor { return cosine(a).Mul(cosine(b)).Sum(-1) }
