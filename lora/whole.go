package lora

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
)

// This file: tensors of the base that are trained in full beside the adapters, peft's modules_to_save and bias.

// whole is one of them.
type whole struct {
	name    string         // in peft's files, behind namePrefix
	place   **torch.Tensor // in the model
	base    *torch.Tensor  // the model's own
	trained *torch.Tensor  // float32
}

// wholes lists what c trains in full; nothing in the model changes yet.
func wholes(model nn.Model, c Config, adapted []string) ([]whole, error) {
	if len(c.ModulesToSave) == 0 && (c.Bias == "" || c.Bias == "none") {
		return nil, nil
	}
	m, ok := model.(nn.Exchangeable)
	if !ok {
		return nil, fmt.Errorf("lora: modules_to_save and bias: the tensors of a %T cannot be exchanged for trained ones", model)
	}
	var list []whole
	used := map[string]bool{}
	var modules []string
	quantised := map[string]bool{} // modules whose weight has no place
	for name := range model.Parameters() {
		if module, tensor := cutLast(name); tensor == "weight" {
			quantised[module] = true
		}
	}
	for module := range model.Linears() { // a tied head is no parameter
		quantised[module] = true
	}
	for name, place := range m.Places() {
		module, tensor := cutLast(name)
		if tensor == "weight" {
			modules = append(modules, module)
			delete(quantised, module)
		}
		entry := c.saves(module)
		isAdapted := slices.Contains(adapted, module)
		w := whole{name: name, place: place, base: *place}
		switch {
		case entry != "" && isAdapted:
			return nil, fmt.Errorf("lora: %s would be trained twice: modules_to_save has %q, target_modules adapts it", module, entry)
		case entry != "":
			used[entry] = true
		case tensor != "bias" || c.Bias != "all" && !(c.Bias == "lora_only" && isAdapted):
			continue
		case isAdapted:
			w.name = module + ".base_layer.bias"
		}
		list = append(list, w)
	}
	for module := range quantised {
		if entry := c.saves(module); entry != "" {
			return nil, fmt.Errorf("lora: modules_to_save %q: the weight of %s is quantised and cannot be trained in full; name it in target_modules instead", entry, module)
		}
	}
	for _, entry := range c.ModulesToSave {
		if !used[entry] {
			return nil, fmt.Errorf("lora: modules_to_save %q is the end of no module's name; near names: %s", entry, strings.Join(nearest(entry, shortNames(modules)), ", "))
		}
	}
	for i := range list {
		list[i].copy()
	}
	return list, nil
}

// saves returns the entry of modules_to_save that takes the module, itself or a part of the model that holds it; "" for none.
func (c Config) saves(module string) string {
	for part := module; part != ""; part, _ = cutLast(part) {
		for _, entry := range c.ModulesToSave {
			if strings.HasSuffix(part, entry) {
				return entry
			}
		}
	}
	return ""
}

// cutLast cuts a name at its last dot.
func cutLast(name string) (before, last string) {
	i := strings.LastIndexByte(name, '.')
	return name[:max(i, 0)], name[i+1:]
}

// copy makes the trained tensor.
func (w *whole) copy() {
	s := torch.NewScope("modules_to_save")
	defer s.Close()
	torch.NoGrad(func() {
		w.trained = torch.Zeros(nil, torch.Float32CPU, w.base.Shape()...)
		w.trained.Copy(w.base.In(s).To(torch.Float32))
	})
}

// exchange puts the trained tensor into the model.
func (w *whole) exchange() {
	w.trained.SetRequiresGrad(true)
	*w.place = w.trained
}

func (a *Adapter) restoreWholes() {
	for _, w := range a.wholes {
		*w.place = w.base
	}
}
