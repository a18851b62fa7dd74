package lora

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

const weightsFile = "adapter_model.safetensors"

// Save writes adapter_config.json and adapter_model.safetensors into dir, which is made if it is missing. The weights come
// last and under their name only when complete, so that an interrupted Save leaves no adapter that loads.
func (a *Adapter) Save(dir string) (err error) {
	defer torch.Catch(&err)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("lora: %w", err)
	}
	text, err := a.Config.JSON()
	if err != nil {
		return fmt.Errorf("lora: adapter_config.json: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "adapter_config.json"), text, 0o644); err != nil {
		return fmt.Errorf("lora: %w", err)
	}
	if err := tensorfile.Save(filepath.Join(dir, weightsFile), a.Parameters()); err != nil {
		return fmt.Errorf("lora: %w", err)
	}
	return nil
}

// Load attaches the adapter in dir to model. A tensor of the file that the configuration does not adapt, or a tensor that
// the file lacks, is an error that lists them all; peft passes over both.
func Load(model nn.Model, dir string, clock *nn.Clock) (a *Adapter, err error) {
	defer torch.Catch(&err)
	c, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	weights, err := safetensors.Open(filepath.Join(dir, weightsFile))
	if err != nil {
		return nil, fmt.Errorf("lora: %w", err)
	}
	defer weights.Close()
	if a, err = Attach(model, c, clock, torch.NewGenerator(0)); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err := a.read(weights); err != nil {
		a.Detach()
		a.Free()
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, weightsFile), err)
	}
	return a, nil
}

// Restore copies the weights of the adapter in dir, which [Adapter.Save] wrote, into the adapter's tensors.
func (a *Adapter) Restore(dir string) (err error) {
	defer torch.Catch(&err)
	weights, err := safetensors.Open(filepath.Join(dir, weightsFile))
	if err != nil {
		return fmt.Errorf("lora: %w", err)
	}
	defer weights.Close()
	return a.read(weights)
}

// read copies the file's tensors, of any floating type, into the adapter's.
func (a *Adapter) read(weights *safetensors.Weights) error {
	var faults []string
	wanted := map[string]bool{}
	for name, t := range a.Parameters() {
		wanted[name] = true
		source := weights.Tensor(name)
		if source == nil {
			faults = append(faults, name+" is missing")
			continue
		}
		if !tensorfile.SameShape(source.Shape, t.Shape()) {
			faults = append(faults, fmt.Sprintf("%s has shape %d, the model and r need %d", name, source.Shape, t.Shape()))
			continue
		}
		s := torch.NewScope("read")
		value, err := tensorfile.Read(s, source)
		if err != nil {
			s.Close()
			return err
		}
		torch.NoGrad(func() { t.Copy(value) })
		s.Close()
	}
	for _, t := range weights.Tensors() {
		if !wanted[t.Name] {
			faults = append(faults, t.Name+" belongs to no layer that target_modules names, nor to modules_to_save or bias")
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("the weights do not fit the configuration and the model: %s", strings.Join(faults, "; "))
	}
	return nil
}
