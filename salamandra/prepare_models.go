package salamandra

import (
	"fmt"
	"regexp"
	"strings"
)

// This file: what the query parser's reference programs (sirisacademic/aina-impulse) know of each base model, and how they
// find it by name.

// ModelSettings is what depends on the base model.
type ModelSettings struct {
	// Name in the table; empty for a model that is not in it.
	Name string
	// TargetModules are the layers that the reference's training adapts.
	TargetModules []string
	// Supports8Bit tells whether the reference loads it in 8 bits without asking.
	Supports8Bit bool
	// MergeSystemIntoUser is for models without a system role: the prompt goes before the question.
	MergeSystemIntoUser bool
}

var (
	attentionModules = []string{"q_proj", "v_proj", "k_proj", "o_proj"}
	allModules       = append(attentionModules[:4:4], "gate_proj", "up_proj", "down_proj")
)

// modelTable is looked through in this order.
var modelTable = []ModelSettings{
	{"BSC-LT/salamandra-7b-instruct", allModules, true, false},
	{"langtech-innovation/7b-tools-v3", allModules, true, false},
	{"meta-llama/Llama-2-7b-chat-hf", allModules, true, false},
	{"Qwen/Qwen2.5-7B-Instruct", allModules, true, false},
	{"mistralai/Mistral-7B-Instruct-v0.3", allModules, true, false},
	{"google/gemma-7b-it", attentionModules, false, true},
	{"meta-llama/Meta-Llama-3.1-8B-Instruct", allModules, true, false},
	{"BSC-LT/salamandra-2b-instruct", allModules, true, false},
	{"Qwen/Qwen2.5-3B-Instruct", allModules, true, false},
	{"ministral/Ministral-3b-instruct", allModules, true, false},
	{"microsoft/Phi-4-mini-instruct", allModules, true, false},
	{"google/gemma-2-2b-it", attentionModules, true, false},
}

var versionSuffix = regexp.MustCompile(`(-merged|--averaged|-v\p{Nd}+).*`)

// SettingsFor finds the settings of a base model by its name: the name itself, a name that holds the last part of one in the
// table, or a model fine-tuned before (impulse-…-merged) by what is left of its name. A model that is none of these gets
// the common settings. The message says how it was found, as the reference prints it; empty when there is nothing to say.
func SettingsFor(model string) (settings ModelSettings, message string) {
	for _, s := range modelTable {
		if s.Name == model {
			return s, ""
		}
	}
	for _, s := range modelTable {
		if strings.Contains(model, afterSlash(s.Name)) {
			return s, ""
		}
	}
	if strings.Contains(strings.ToLower(model), "impulse-") {
		base := afterSlash(model)
		if len(base) >= len("impulse-") && strings.EqualFold(base[:len("impulse-")], "impulse-") {
			base = base[len("impulse-"):]
		}
		base = strings.ToLower(versionSuffix.ReplaceAllString(base, ""))
		for _, s := range modelTable {
			part := strings.ToLower(afterSlash(s.Name))
			if strings.Contains(base, part) || strings.Contains(part, base) {
				return s, fmt.Sprintf("✓ Mapped %s → %s", model, s.Name)
			}
		}
	}
	return ModelSettings{TargetModules: attentionModules, Supports8Bit: true},
		fmt.Sprintf("WARNING: No specific config for %s, using defaults", model)
}

func afterSlash(name string) string { return name[strings.LastIndex(name, "/")+1:] }
