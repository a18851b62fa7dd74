package llama

import (
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
)

// Targets are the rows of a pass whose next token is trained on.
type Targets struct {
	Rows   []int   // places in [Rows.IDs], rising
	Words  []int32 // the token that each of them must predict
	Weight float64 // of each row's loss: 1/(labelled tokens of the step) gives the mean over the step
}

// Loss returns Weight · Σ -log p(word | row) of hidden states [tokens, hidden], a scalar; hidden may be those of t.Rows alone
// (see [Rows].Outputs). Logits are made for the labelled rows only, and never all at once.
func (m *Model) Loss(hidden *torch.Tensor, t Targets) *torch.Tensor {
	s := hidden.Scope()
	rows, words := make([]int64, len(t.Rows)), make([]int64, len(t.Words))
	for i := range t.Rows {
		rows[i], words[i] = int64(t.Rows[i]), int64(t.Words[i])
	}
	labelled := hidden
	if len(rows) != hidden.Dim(0) {
		labelled = hidden.IndexSelect(0, torch.FromSlice(s, rows, len(rows)))
	}
	targets := torch.FromSlice(s, words, len(words))
	if head, ok := m.Head.(*nn.Dense); ok && head.Bias == nil {
		return labelled.LinearCrossEntropy(head.Weight, targets, t.Weight, 0)
	}
	return m.chunkedLoss(labelled, targets, t.Weight)
}

// chunkedLoss is the loss through a head of any kind, in chunks of rows.
func (m *Model) chunkedLoss(labelled, targets *torch.Tensor, weight float64) *torch.Tensor {
	const rows = 256
	var sum *torch.Tensor
	for from := 0; from < labelled.Dim(0); from += rows {
		n := min(rows, labelled.Dim(0)-from)
		part := m.Logits(labelled.Narrow(0, from, n)).CrossEntropy(targets.Narrow(0, from, n), -100).MulScalar(weight * float64(n))
		if sum == nil {
			sum = part
		} else {
			sum = sum.Add(part)
		}
	}
	return sum
}
