package lora

import (
	"fmt"
	"os"
	"path/filepath"

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
	if a, err = Attach(model, c, clock, torch.NewGenerator(0)); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err := a.Restore(dir); err != nil {
		a.Detach()
		a.Free()
		return nil, err
	}
	return a, nil
}

// Restore copies the weights of the adapter in dir, which [Adapter.Save] wrote, into the adapter's tensors.
func (a *Adapter) Restore(dir string) error {
	if err := tensorfile.Restore(filepath.Join(dir, weightsFile), a.Parameters()); err != nil {
		return fmt.Errorf("lora: %w (what is adapted is said by target_modules, r, modules_to_save and bias of adapter_config.json)", err)
	}
	return nil
}
