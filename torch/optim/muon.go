package optim

import (
	"iter"
	"strings"

	"github.com/ajolote-ai/ajolote/torch"
)

// MuonOptions are the settings of Muon that all groups share.
type MuonOptions struct {
	Momentum   float64
	NoNesterov bool    // use the momentum itself instead of looking ahead
	MatchAdamW bool    // scale updates to the size of AdamW's, so that its learning rate and decay serve both
	Eps        float64 // below which a norm does not divide
	Iterations int     // of Newton-Schulz
}

// DefaultMuon returns torch.optim.Muon's settings: momentum 0.95, eps 1e-7, five iterations. (Its weight decay is 0.1.)
func DefaultMuon() MuonOptions { return MuonOptions{Momentum: 0.95, Eps: 1e-7, Iterations: 5} }

// Muon is torch.optim.Muon: momentum whose updates have their singular values drawn to one. It is for the matrices of hidden
// layers; embeddings, heads, norms and biases go to AdamW. Source: Jordan et al., "Muon: An optimizer for hidden layers in
// neural networks", 2024; MatchAdamW: Liu et al., "Muon is Scalable for LLM Training", 2025.
type Muon struct {
	Options MuonOptions
	groups  []Group
	momenta [][]*torch.Tensor // one list a group
}

var _ Optimizer = (*Muon)(nil)

// NewMuon makes the optimizer with a zero state. A parameter that is no matrix makes Step panic.
func NewMuon(options MuonOptions, groups ...Group) *Muon {
	m := &Muon{Options: options, groups: groups}
	for _, g := range groups {
		m.momenta = append(m.momenta, g.zerosFor())
	}
	return m
}

// NewMuonWithAdamW trains a model from its start: Muon on the matrices of the hidden layers, AdamW on embeddings, the head
// and everything that is not a matrix, with weight decay by [Decays] in both.
func NewMuonWithAdamW(muon MuonOptions, adamw AdamWOptions, parameters iter.Seq2[string, *torch.Tensor], weightDecay float64) Several {
	pick := func(hidden bool) iter.Seq2[string, *torch.Tensor] {
		return func(yield func(string, *torch.Tensor) bool) {
			for name, t := range parameters {
				if isHiddenMatrix(name, t) == hidden && !yield(name, t) {
					return
				}
			}
		}
	}
	return Several{
		NewMuon(muon, GroupsByDecay(pick(true), weightDecay)...),
		NewAdamW(adamw, GroupsByDecay(pick(false), weightDecay)...),
	}
}

func isHiddenMatrix(name string, t *torch.Tensor) bool {
	return t.Rank() == 2 && !strings.Contains(name, "embed") && !strings.Contains(name, "lm_head")
}

// Step makes one step of every group.
func (m *Muon) Step(lr float64) {
	for i, g := range m.groups {
		torch.Muon(g.Tensors, m.momenta[i], torch.MuonOptions{
			LR: g.rate(lr), WeightDecay: g.WeightDecay, Momentum: m.Options.Momentum, Nesterov: !m.Options.NoNesterov,
			MatchAdamW: m.Options.MatchAdamW, Eps: m.Options.Eps, Iterations: m.Options.Iterations,
		})
	}
}

// Parameters lists the tensors of all groups.
func (m *Muon) Parameters() []*torch.Tensor {
	var all []*torch.Tensor
	for _, g := range m.groups {
		all = append(all, g.Tensors...)
	}
	return all
}

// State has the momentum_buffer of each parameter.
func (m *Muon) State() map[string]*torch.Tensor {
	all := map[string]*torch.Tensor{}
	for i, g := range m.groups {
		for j, name := range g.Names {
			all[name+".momentum_buffer"] = m.momenta[i][j]
		}
	}
	return all
}

// Restore copies a state back.
func (m *Muon) Restore(state map[string]*torch.Tensor) error { return restore(m.State(), state) }

// Free frees the state.
func (m *Muon) Free() { freeAll(m.momenta...) }
