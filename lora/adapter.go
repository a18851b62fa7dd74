package lora

import (
	"iter"

	"github.com/ajolote-ai/ajolote/torch"
)

// namePrefix begins every tensor name in peft's files.
const namePrefix = "base_model.model."

type namedTensor struct {
	name   string
	tensor *torch.Tensor
}

func (m module) tensors() []namedTensor {
	list := []namedTensor{
		{namePrefix + m.name + ".lora_A.weight", m.term.A},
		{namePrefix + m.name + ".lora_B.weight", m.term.B},
	}
	if m.magnitude != nil {
		list = append(list, namedTensor{namePrefix + m.name + ".lora_magnitude_vector", m.magnitude})
	}
	return list
}

// Parameters yields the trained tensors under the names of peft's files: those of the adapted layers in the order of the model,
// then what is trained in full.
func (a *Adapter) Parameters() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for _, m := range a.modules {
			for _, p := range m.tensors() {
				if !yield(p.name, p.tensor) {
					return
				}
			}
		}
		for _, w := range a.wholes {
			if !yield(namePrefix+w.name, w.trained) {
				return
			}
		}
	}
}

// Modules lists the full names of the adapted layers.
func (a *Adapter) Modules() []string {
	names := make([]string, len(a.modules))
	for i, m := range a.modules {
		names[i] = m.name
	}
	return names
}

// Detach gives the model its bases, and what was trained in full, back. The adapter keeps its tensors.
func (a *Adapter) Detach() {
	a.Unmerge()
	for _, m := range a.modules {
		*m.place = m.base
	}
	a.restoreWholes()
}

// Free frees the adapter's tensors. Call [Adapter.Detach] first if the model goes on; without it the adapted layers are not to be
// used any more. Free the adapter before the model.
func (a *Adapter) Free() {
	a.Unmerge()
	a.restoreWholes()
	for _, t := range a.Parameters() {
		t.Free()
	}
}
