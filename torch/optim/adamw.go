package optim

import "github.com/ajolote-ai/ajolote/torch"

// AdamWOptions are the settings of AdamW that all groups share.
type AdamWOptions struct {
	Beta1, Beta2 float64 // of the moving averages of gradient and squared gradient
	Eps          float64 // added to the root of the squared average
}

// DefaultAdamW returns torch.optim.AdamW's settings: betas 0.9 and 0.999, eps 1e-8. (Its weight decay is 0.01.)
func DefaultAdamW() AdamWOptions { return AdamWOptions{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8} }

// AdamW is torch.optim.AdamW(fused=True): Adam with decoupled weight decay. Source: Loshchilov and Hutter, "Decoupled Weight
// Decay Regularization", 2019; the arithmetic is that of ATen's fused kernel, one call a group.
type AdamW struct {
	Options AdamWOptions // may change between steps, as [ScheduleConfig.Momentum] wants it
	groups  []Group
	states  []torch.AdamWState // one a group
}

var _ Optimizer = (*AdamW)(nil)

// NewAdamW makes the optimizer with a zero state, which lies where the parameters lie, in their types.
func NewAdamW(options AdamWOptions, groups ...Group) *AdamW {
	a := &AdamW{Options: options, groups: groups}
	for _, g := range groups {
		state := torch.AdamWState{Averages: g.zerosFor(), Squares: g.zerosFor()}
		for _, t := range g.Tensors {
			state.Steps = append(state.Steps, torch.Scalar(nil, 0, torch.Options{DType: torch.Float32, Device: t.Device()}))
		}
		a.states = append(a.states, state)
	}
	return a
}

// Step makes one step of every group.
func (a *AdamW) Step(lr float64) {
	for i, g := range a.groups {
		torch.AdamW(g.Tensors, a.states[i], g.rate(lr), a.Options.Beta1, a.Options.Beta2, a.Options.Eps, g.WeightDecay)
	}
}

// Parameters lists the tensors of all groups.
func (a *AdamW) Parameters() []*torch.Tensor {
	var all []*torch.Tensor
	for _, g := range a.groups {
		all = append(all, g.Tensors...)
	}
	return all
}

// State has exp_avg, exp_avg_sq and step of each parameter.
func (a *AdamW) State() map[string]*torch.Tensor {
	all := map[string]*torch.Tensor{}
	for i, g := range a.groups {
		for j, name := range g.Names {
			all[name+".exp_avg"] = a.states[i].Averages[j]
			all[name+".exp_avg_sq"] = a.states[i].Squares[j]
			all[name+".step"] = a.states[i].Steps[j]
		}
	}
	return all
}

// Restore copies a state back.
func (a *AdamW) Restore(state map[string]*torch.Tensor) error { return restore(a.State(), state) }

// Free frees the state.
func (a *AdamW) Free() {
	for _, s := range a.states {
		freeAll(s.Averages, s.Squares, s.Steps)
	}
}
