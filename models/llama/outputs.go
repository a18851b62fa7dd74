package llama

import (
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
)

// This file: the last layer where only some rows of its output are wanted. Every token needs keys and values there, for the
// tokens behind it; queries, the output projection and the MLP only those that predict something.

// forwardOutputs maps the residual x [tokens, hidden] to the wanted rows of the next one, [outputs, hidden], each as
// [Layer.Forward] has it; nil for none.
func (l *Layer) forwardOutputs(x *torch.Tensor, outputs []int, p *pass) *torch.Tensor {
	a, normed := l.Attention, l.InputNorm.Forward(x)
	o := torch.Options{DType: x.DType(), Device: torch.CPU}
	if len(outputs) == 0 {
		a.keysAndValues(normed, p)
		if p.caches != nil { // attention is what fills them
			a.attend(torch.Zeros(x.Scope(), o, x.Dim(0), a.Heads, a.HeadDim), p)
		}
		return nil
	}
	wide := make([]int64, len(outputs))
	for i, at := range outputs {
		wide[i] = int64(at)
	}
	index := torch.FromSlice(x.Scope(), wide, len(wide))
	pick := func(t *torch.Tensor) *torch.Tensor { return t.IndexSelect(0, index) }

	// A dropout mask is a function of the row's number: where one is drawn, all rows are computed, so that the numbers stay.
	switch {
	case dropsOut(l.MLP.Gate, l.MLP.Up, l.MLP.Down):
		return pick(l.addMLP(x, a.Forward(normed, p)))
	case dropsOut(a.Q, a.O):
		return l.addMLP(pick(x), pick(a.Forward(normed, p)))
	}
	a.keysAndValues(normed, p)
	picked := heads(a.Q.Forward(pick(normed)), a.Heads).Rotary(pick(p.cos), pick(p.sin))
	// Attention takes a query for every key; those that nobody wants are zero.
	q := torch.Zeros(x.Scope(), o, x.Dim(0), a.Heads, a.HeadDim).IndexAdd(0, index, picked)
	return l.addMLP(pick(x), a.O.Forward(pick(a.attend(q, p))))
}

// keysAndValues sets the pass's present keys and values, and nothing else.
func (a *Attention) keysAndValues(x *torch.Tensor, p *pass) {
	kv := nn.Project(x, a.K, a.V)
	p.now = KV{heads(kv[0], a.KVHeads).Rotary(p.cos, p.sin), heads(kv[1], a.KVHeads)}
}

// dropsOut says whether one of the layers may draw a dropout mask now.
func dropsOut(layers ...nn.Linear) bool {
	for _, l := range layers {
		switch l := l.(type) {
		case nn.Adapted:
			if _, term := l.Parts(); term.Dropout != nil && term.Dropout.P != 0 && term.Dropout.Clock.Training {
				return true
			}
		case *nn.Dense, nn.WithLowRank:
		default: // of a kind that this package does not know
			return true
		}
	}
	return false
}
