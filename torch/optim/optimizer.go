package optim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/torch"
)

// Optimizer moves parameters by their gradients.
type Optimizer interface {
	// Step makes one step at learning rate lr. Parameters without a gradient stay as they are, and so does their state.
	Step(lr float64)
	// Parameters lists all tensors that Step moves, for clipping and for forgetting gradients.
	Parameters() []*torch.Tensor
	// State names every tensor of the optimizer's memory, the parameter's name and then torch's name of the thing:
	// "lm_head.weight.exp_avg". The tensors are the optimizer's own: written at the next Step, gone after Free.
	State() map[string]*torch.Tensor
	// Restore copies a state back. It changes nothing, and reports every fault, unless names, shapes and types agree.
	Restore(state map[string]*torch.Tensor) error
	// Free frees the memory, not the parameters. The optimizer is of no use afterwards.
	Free()
}

// grower is an optimizer whose state has more or fewer tensors from one step to another.
type grower interface {
	owns(name string) bool                     // whether a tensor of this name can belong to its state
	fits(state map[string]*torch.Tensor) error // what Restore would say
}

// Several optimizers work as one: Muon on the matrices, AdamW on the rest. Their parameters must have different names.
type Several []Optimizer

var _ Optimizer = Several(nil)

// Step makes a step of each.
func (s Several) Step(lr float64) {
	for _, o := range s {
		o.Step(lr)
	}
}

// Parameters joins the lists.
func (s Several) Parameters() []*torch.Tensor {
	var all []*torch.Tensor
	for _, o := range s {
		all = append(all, o.Parameters()...)
	}
	return all
}

// State joins the memories.
func (s Several) State() map[string]*torch.Tensor {
	all := map[string]*torch.Tensor{}
	for _, o := range s {
		maps.Copy(all, o.State())
	}
	return all
}

// Restore gives each optimizer its part, when each finds nothing wrong with it.
func (s Several) Restore(state map[string]*torch.Tensor) error {
	parts, err := s.divide(state)
	if err != nil {
		return fmt.Errorf("the state of another optimizer or model: %w", err)
	}
	for i, o := range s {
		if err := o.Restore(parts[i]); err != nil {
			return err
		}
	}
	return nil
}

// divide shares a state out, or says everything that stands against it.
func (s Several) divide(state map[string]*torch.Tensor) (parts []map[string]*torch.Tensor, err error) {
	var faults []error
	left := maps.Clone(state)
	for _, o := range s {
		part := map[string]*torch.Tensor{}
		for name, t := range state {
			if owns(o, name) {
				part[name] = t
				delete(left, name)
			}
		}
		g, grows := o.(grower)
		if grows {
			err = g.fits(part)
		} else {
			err = fits(o.State(), part)
		}
		if err != nil {
			faults = append(faults, err)
		}
		parts = append(parts, part)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		faults = append(faults, fmt.Errorf("%s belongs to no parameter of the optimizer", name))
	}
	if len(faults) > 0 {
		return nil, joined(faults)
	}
	return parts, nil
}

func (s Several) owns(name string) bool {
	return slices.ContainsFunc(s, func(o Optimizer) bool { return owns(o, name) })
}

func owns(o Optimizer, name string) bool {
	if g, grows := o.(grower); grows {
		return g.owns(name)
	}
	return o.State()[name] != nil
}

func (s Several) fits(state map[string]*torch.Tensor) error {
	_, err := s.divide(state)
	return err
}

// Free frees each.
func (s Several) Free() {
	for _, o := range s {
		o.Free()
	}
}

// restore copies from into to, or says everything that stands against it.
func restore(to, from map[string]*torch.Tensor) error {
	if err := fits(to, from); err != nil {
		return fmt.Errorf("the state of another optimizer or model: %w", err)
	}
	torch.NoGrad(func() {
		for name, t := range to {
			t.Copy(from[name])
		}
	})
	return nil
}

// fits says everything that stands against copying from into to.
func fits(to, from map[string]*torch.Tensor) error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(to)) {
		got, want := from[name], to[name]
		switch {
		case got == nil:
			faults = append(faults, fmt.Errorf("%s is missing", name))
		case !slices.Equal(got.Shape(), want.Shape()) || got.DType() != want.DType():
			faults = append(faults, fmt.Errorf("%s is %v %s, the optimizer's is %v %s", name, got.Shape(), got.DType(), want.Shape(), want.DType()))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		if to[name] == nil {
			faults = append(faults, fmt.Errorf("%s belongs to no parameter of the optimizer", name))
		}
	}
	if len(faults) > 0 {
		return joined(faults)
	}
	return nil
}

// joined lists at most ten faults: the state of another model differs in every tensor.
func joined(faults []error) error {
	const most = 10
	if left := len(faults) - most; left > 0 {
		faults = append(faults[:most:most], fmt.Errorf("and %d more", left))
	}
	lines := make([]string, len(faults))
	for i, f := range faults {
		lines[i] = f.Error()
	}
	return errors.New(strings.Join(lines, "; "))
}
