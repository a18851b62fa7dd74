package salamandra

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
)

// This file: what the keys of a configuration mean for the model, the adapter and the memory.

// loraConfig is the adapter that the configuration describes.
func (c *Config) loraConfig(shape llama.Config) lora.Config {
	l := lora.Config{
		BaseModel: c.BaseModel, TaskType: "CAUSAL_LM", R: c.LoraR, Alpha: float64(c.LoraAlpha), Dropout: c.LoraDropout,
		RankPattern: c.LoraRankPattern, UseRSLoRA: c.UseRSLora, UseDoRA: c.UseDoRA, Init: string(c.InitLoraWeights),
		LayersToTransform: c.LayersToTransform, LayersPattern: c.LayersPattern, ModulesToSave: c.LoraModulesToSave,
		TargetModules: lora.Targets{Names: c.LoraTargetModules.Names, Regexp: c.LoraTargetModules.Pattern},
	}
	switch named := c.LoraTargetModules; {
	case !c.LoraTargetLinear:
	case named.IsZero():
		l.TargetModules = lora.AllLinear
	case named.Pattern != "":
		l.TargetModules.Regexp = `(?:` + named.Pattern + `)|.*\.(?:` + strings.Join(shape.LinearNames(), "|") + `)`
	default:
		names := append(slices.Clone(named.Names), shape.LinearNames()...)
		slices.Sort(names)
		l.TargetModules.Names = slices.Compact(names)
	}
	for module, alpha := range c.LoraAlphaPattern {
		if l.AlphaPattern == nil {
			l.AlphaPattern = map[string]float64{}
		}
		l.AlphaPattern[module] = float64(alpha)
	}
	return l
}

// computeType is the type of the matrix products, and a notice where it is not what bf16 asks for. Nothing is bfloat16 on a
// processor that is slow at it, and auto is float32: the type in which the numbers are those of the references.
func (c *Config) computeType() (torch.DType, string) {
	wanted := c.ComputeDType
	if wanted == "auto" && c.LoadIn4Bit && c.BnB.ComputeDType != "" {
		wanted = c.BnB.ComputeDType
	}
	if wanted == "auto" && (c.BF16 == On || c.BFloat16) && !c.Float32 {
		wanted = "bfloat16"
	}
	if wanted != "bfloat16" {
		return torch.Float32, ""
	}
	r, err := torch.Describe()
	if err != nil || !strings.HasSuffix(r.CPULevel, "bf16") {
		return torch.Float32, "bfloat16 was asked for, but this processor has no fast bfloat16 products: computing in float32"
	}
	return torch.BFloat16, ""
}

// firstTrained is the first layer that has something to train; -1 where the embedding has.
func (r *fineTuning) firstTrained() int {
	if r.adapter == nil {
		return -1
	}
	first := len(r.model.Layers)
	for name := range r.adapter.Parameters() {
		if strings.Contains(name, "embed_tokens.") {
			return -1
		}
		_, number, ok := strings.Cut(name, ".layers.")
		if !ok {
			continue // above all layers
		}
		number, _, _ = strings.Cut(number, ".")
		if n, err := strconv.Atoi(number); err == nil {
			first = min(first, n)
		}
	}
	return first
}

// defaultMemory is what the insides of the forward pass may take when memory_budget is auto. It is a constant: how a step is
// split must not depend on the machine's momentary state.
const defaultMemory = 3 << 30

// microTokens is how many tokens go through the model at once, from the memory that each needs until its backward pass.
func (r *fineTuning) microTokens() int {
	budget, err := r.config.MemoryBudgetBytes()
	if err != nil || budget == 0 {
		budget = defaultMemory
	}
	return int(max(256, min(16384, budget/r.model.Config.ActivationBytes(true, r.config.recomputes()))))
}

// loggingSteps is how many steps a row of log_history stands for.
func (c *Config) loggingSteps(total int) (int, error) {
	if c.LoggingSteps == 0 {
		return max(1, min(10, int(0.005*float64(total)))), nil
	}
	return stepsOf("logging_steps", c.LoggingSteps, total)
}

// sharesPrefix says whether the examples of a step share the pass over what they begin with: noise is drawn for each.
func (c *Config) sharesPrefix() bool { return c.SharedPrefix && c.NEFTuneAlpha == 0 }

func (c *Config) recomputes() bool { return c.GradientCheckpointing != CheckpointingOff }

// stepsOf turns a number of steps that may be a share of all steps into a number.
func stepsOf(key string, value float64, total int) (int, error) {
	switch {
	case value == 0:
		return 0, nil
	case value < 1:
		return max(1, int(value*float64(total))), nil
	case value != float64(int(value)):
		return 0, fmt.Errorf("salamandra: %s is %v: above 1 it is a whole number of steps", key, value)
	}
	return int(value), nil
}
