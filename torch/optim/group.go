package optim

import (
	"iter"
	"regexp"

	"github.com/ajolote-ai/ajolote/torch"
)

// Group is a list of named parameters that share their settings.
type Group struct {
	Names       []string
	Tensors     []*torch.Tensor
	WeightDecay float64
	Scale       float64 // times the learning rate of Step; 0 stands for 1
}

// Without leaves one tensor out of the parameters: one that has an optimizer of its own, such as [RowAdamW].
func Without(parameters iter.Seq2[string, *torch.Tensor], left *torch.Tensor) iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for name, t := range parameters {
			if t != left && !yield(name, t) {
				return
			}
		}
	}
}

// OneGroup makes one group of all parameters that require a gradient.
func OneGroup(parameters iter.Seq2[string, *torch.Tensor], weightDecay float64) Group {
	g := Group{WeightDecay: weightDecay}
	for name, t := range parameters {
		if t.RequiresGrad() {
			g.add(name, t)
		}
	}
	return g
}

// GroupsByDecay makes two groups of the parameters that require a gradient, as transformers' Trainer does: those that decay,
// and those that by [Decays] do not. A group that would be empty is left out.
func GroupsByDecay(parameters iter.Seq2[string, *torch.Tensor], weightDecay float64) []Group {
	decaying, others := Group{WeightDecay: weightDecay}, Group{}
	for name, t := range parameters {
		switch {
		case !t.RequiresGrad():
		case Decays(name):
			decaying.add(name, t)
		default:
			others.add(name, t)
		}
	}
	var groups []Group
	for _, g := range []Group{decaying, others} {
		if len(g.Tensors) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

var undecayed = regexp.MustCompile(`(?i)bias|layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)`)

// Decays says whether weight decay acts on the parameter of this name: not on biases nor on the weights of norms, by the name
// patterns of transformers' Trainer.get_decay_parameter_names. (The Trainer also leaves out what lies in an nn.LayerNorm; the
// checkpoints' names say that too.)
func Decays(name string) bool { return !undecayed.MatchString(name) }

func (g *Group) add(name string, t *torch.Tensor) {
	g.Names = append(g.Names, name)
	g.Tensors = append(g.Tensors, t)
}

func (g *Group) rate(lr float64) float64 {
	if g.Scale == 0 {
		return lr
	}
	return lr * g.Scale
}

// zerosFor makes a long-lived zero tensor for each parameter of the group.
func (g *Group) zerosFor() []*torch.Tensor {
	list := make([]*torch.Tensor, len(g.Tensors))
	for i, t := range g.Tensors {
		list[i] = torch.Zeros(nil, torch.Options{DType: t.DType(), Device: t.Device()}, t.Shape()...)
	}
	return list
}

func freeAll(lists ...[]*torch.Tensor) {
	for _, list := range lists {
		for _, t := range list {
			t.Free()
		}
	}
}
