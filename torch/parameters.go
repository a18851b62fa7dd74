package torch

import "github.com/ajolote-ai/ajolote/internal/ctorch"

// These functions work on all parameters of a model in one call; those without a gradient are passed over.

// ZeroGrad forgets the gradients.
func ZeroGrad(parameters []*Tensor) {
	change("ZeroGrad", func() error {
		h := handlesOf(parameters)
		return ctorch.ZeroGrad(h)
	}, parameters...)
}

// AllFinite says whether no element of any of the tensors is infinite or NaN.
func AllFinite(list []*Tensor) bool { return finite("AllFinite", list, false) }

// GradsFinite says whether no element of any gradient is infinite or NaN: what a training loop asks before a step.
func GradsFinite(parameters []*Tensor) bool { return finite("GradsFinite", parameters, true) }

func finite(op string, list []*Tensor, gradients bool) bool {
	var all bool
	change(op, func() (err error) {
		all, err = ctorch.AllFinite(handlesOf(list), gradients)
		return err
	}, list...)
	return all
}

// ClipGradNorm scales the gradients so that their common Euclidean norm is at most maxNorm, as
// torch.nn.utils.clip_grad_norm_ does, and returns the norm before. A maxNorm of 0 only measures.
func ClipGradNorm(parameters []*Tensor, maxNorm float64) float64 {
	var norm float64
	change("ClipGradNorm", func() (err error) {
		norm, err = ctorch.ClipGradNorm(handlesOf(parameters), maxNorm)
		return err
	}, parameters...)
	return norm
}

// AdamWState is the memory of AdamW for a list of parameters: for each the moving averages of gradient and squared
// gradient, and the count of its steps (a float32 scalar, as ATen's fused kernel has it).
type AdamWState struct {
	Averages, Squares, Steps []*Tensor
}

// AdamW makes one step of torch.optim.AdamW(fused=True).
func AdamW(parameters []*Tensor, state AdamWState, lr, beta1, beta2, eps, weightDecay float64) {
	if len(state.Averages) != len(parameters) || len(state.Squares) != len(parameters) || len(state.Steps) != len(parameters) {
		panic(&Error{Op: "AdamW", Msg: "the state does not have one entry for each parameter"})
	}
	change("AdamW", func() error {
		return ctorch.AdamW(handlesOf(parameters), handlesOf(state.Averages), handlesOf(state.Squares), handlesOf(state.Steps),
			lr, beta1, beta2, eps, weightDecay)
	}, parameters...)
	keepAlive(state.Averages)
	keepAlive(state.Squares)
	keepAlive(state.Steps)
}

// SparseGrad returns what the gradient of a [SparseEmbedding]'s weight holds, in s: the rows, int64, rising, each once, and
// their gradients [rows, size]. It panics with [*Error] where the gradient is none or a dense one.
func SparseGrad(s *Scope, parameter *Tensor) (rows, values *Tensor) {
	pair := createMany("SparseGrad", s, 2, func(outs []ctorch.Handle) error {
		return ctorch.SparseGradient(parameter.h, &outs[0], &outs[1])
	}, parameter)
	return pair[0], pair[1]
}

// AdamWRows moves single rows of a table [words, size], float32 in main memory, by the steps of AdamW that they have not
// made: what torch.optim.AdamW(fused=True) does to them, whose gradients were zero in those steps.
type AdamWRows struct {
	// Averages and Squares are pages of equally many rows: the moving averages of the rows that have had a gradient.
	Averages, Squares []*Tensor
	// Rows are those to move, each once; Slots the places of their averages in the pages, counted through, or -1; Steps how many
	// steps each has made.
	Rows, Slots, Steps []int
	// Gradient [len(Rows), size] is that of the last step; nil for zero.
	Gradient *Tensor
	// Rates are the learning rates of the steps up to Now, of all that a row may have missed.
	Rates []float64
	Now   int

	Beta1, Beta2, Eps, WeightDecay float64
}

// Apply moves the rows.
func (a AdamWRows) Apply(table *Tensor) {
	if len(a.Squares) != len(a.Averages) || len(a.Slots) != len(a.Rows) || len(a.Steps) != len(a.Rows) {
		panic(&Error{Op: "AdamWRows", Msg: "the rows do not have a place and a count of steps each, or the pages do not come in pairs"})
	}
	change("AdamWRows", func() error {
		return ctorch.AdamWRows(table.h, handlesOf(a.Averages), handlesOf(a.Squares), a.Rows, a.Slots, a.Steps, a.Gradient.handle(), a.Rates, a.Now,
			a.Beta1, a.Beta2, a.Eps, a.WeightDecay)
	}, some(table, a.Gradient)...)
	keepAlive(a.Averages)
	keepAlive(a.Squares)
}

// MuonOptions are the settings of [Muon].
type MuonOptions struct {
	LR, WeightDecay, Momentum float64
	Nesterov                  bool
	MatchAdamW                bool // scale updates to the size of AdamW's instead of by sqrt(rows/columns)
	Eps                       float64
	Iterations                int // of Newton-Schulz
}

// Muon makes one step of torch.optim.Muon on matrices; momenta has a tensor of the shape of each parameter, zero at first.
func Muon(parameters, momenta []*Tensor, o MuonOptions) {
	if len(momenta) != len(parameters) {
		panic(&Error{Op: "Muon", Msg: "there is not one momentum for each parameter"})
	}
	change("Muon", func() error {
		return ctorch.Muon(handlesOf(parameters), handlesOf(momenta), o.LR, o.WeightDecay, o.Momentum, o.Nesterov, o.MatchAdamW, o.Eps, o.Iterations)
	}, parameters...)
	keepAlive(momenta)
}
