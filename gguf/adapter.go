package gguf

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/ajolote-ai/ajolote/safetensors"
)

// adapterConfig has the keys of adapter_config.json that matter here.
type adapterConfig struct {
	Base          string         `json:"base_model_name_or_path"`
	Type          string         `json:"peft_type"`
	R             float64        `json:"r"`
	Alpha         float64        `json:"lora_alpha"`
	AlphaPattern  map[string]any `json:"alpha_pattern"`
	DoRA          bool           `json:"use_dora"`
	RSLoRA        bool           `json:"use_rslora"`
	ModulesToSave []string       `json:"modules_to_save"`
}

// adapter converts a LoRA adapter. llama.cpp counts the product alpha/rank, with the rank of the matrices: with rsLoRA,
// alpha/√rank, alpha is multiplied by √rank, and where a layer has another rank its B by what is missing.
func (e *export) adapter(dir string, weights *safetensors.Weights) ([]entry, []tensor, error) {
	path := filepath.Join(dir, "adapter_config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("gguf: %w", err)
	}
	var a adapterConfig
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, nil, fmt.Errorf("gguf: %s: %w", path, err)
	}
	switch {
	case a.Type != "" && a.Type != "LORA":
		return nil, nil, fmt.Errorf("gguf: %s: adapters of type %s are not exported", path, a.Type)
	case a.DoRA:
		return nil, nil, fmt.Errorf("gguf: %s: llama.cpp has no DoRA: merge the adapter and export the model", path)
	case len(a.ModulesToSave) > 0:
		return nil, nil, fmt.Errorf("gguf: %s: modules_to_save %v cannot be in an adapter of llama.cpp: merge it and export the model", path, a.ModulesToSave)
	case len(a.AlphaPattern) > 0:
		return nil, nil, fmt.Errorf("gguf: %s: alpha_pattern cannot be in an adapter of llama.cpp: merge it and export the model", path)
	case a.R <= 0:
		return nil, nil, fmt.Errorf("gguf: %s: r is %v: it must be positive", path, a.R)
	}
	base := e.Base
	if base == "" {
		base = a.Base
	}
	c, err := readConfig(base)
	if err != nil {
		return nil, nil, fmt.Errorf("%w (the base model of the adapter; give its directory)", err)
	}
	alpha := a.Alpha
	if a.RSLoRA {
		alpha *= math.Sqrt(a.R)
	}
	entries := []entry{
		{"general.architecture", "llama"}, {"general.type", "adapter"}, {"adapter.type", "lora"},
		{"adapter.lora.alpha", float32(alpha)}, {"general.file_type", fileTypes[e.Type]},
	}
	var tensors []tensor
	for _, t := range weights.Tensors() {
		part, isB := ".lora_A.weight", false
		name, ok := strings.CutSuffix(t.Name, part)
		if !ok {
			name, isB = strings.CutSuffix(t.Name, ".lora_B.weight")
			if !isB {
				return nil, nil, fmt.Errorf("gguf: %s: tensor %s is no part of a LoRA adapter", t.File(), t.Name)
			}
		}
		to, heads, err := c.translate(strings.TrimPrefix(name, "base_model.model.") + ".weight")
		if err != nil {
			return nil, nil, err
		}
		suffix, factor := ".lora_a", float32(1)
		if isB {
			suffix = ".lora_b"
			if rank := float64(t.Shape[len(t.Shape)-1]); a.RSLoRA && rank != a.R {
				factor = float32(math.Sqrt(rank / a.R))
			}
		} else {
			heads = 0
		}
		tensors = append(tensors, e.converted(t, to+suffix, e.Type, heads, factor))
	}
	return entries, tensors, nil
}
