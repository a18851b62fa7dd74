package salamandra

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/ajolote-ai/ajolote/config"
)

// This file: the types of values that have more than one shape in YAML.

// AutoBool is auto, true or false.
type AutoBool string

// The values of AutoBool.
const (
	Auto AutoBool = "auto"
	On   AutoBool = "true"
	Off  AutoBool = "false"
)

// UnmarshalYAML reads auto or a bool.
func (a *AutoBool) UnmarshalYAML(n *yaml.Node) error {
	word, err := boolOr(n, "auto")
	*a = AutoBool(word)
	return err
}

// MarshalYAML writes auto or a bool.
func (a AutoBool) MarshalYAML() (any, error) { return boolOrText(string(a)), nil }

// Accepts says what may be written.
func (AutoBool) Accepts() string { return "auto, true or false" }

// InitLora says how an adapter begins.
type InitLora string

// The values of InitLora. All draw A; B is zero, but with InitLoraNonZero.
const (
	InitLoraKaiming  InitLora = "true"
	InitLoraNonZero  InitLora = "false"
	InitLoraGaussian InitLora = "gaussian"
)

// UnmarshalYAML reads gaussian or a bool.
func (i *InitLora) UnmarshalYAML(n *yaml.Node) error {
	word, err := boolOr(n, "gaussian")
	*i = InitLora(word)
	return err
}

// MarshalYAML writes gaussian or a bool.
func (i InitLora) MarshalYAML() (any, error) { return boolOrText(string(i)), nil }

// Accepts says what may be written.
func (InitLora) Accepts() string { return "true, false or gaussian" }

// Checkpointing is how much of the forward pass is kept for the backward pass.
type Checkpointing string

// The values of Checkpointing. The two that move what is kept to other memory do the same as CheckpointingOn.
const (
	CheckpointingOff         Checkpointing = "false"
	CheckpointingOn          Checkpointing = "true"
	CheckpointingOffload     Checkpointing = "offload"
	CheckpointingOffloadDisk Checkpointing = "offload_disk"
)

// UnmarshalYAML reads a bool, offload or offload_disk.
func (c *Checkpointing) UnmarshalYAML(n *yaml.Node) error {
	word, err := boolOr(n, "offload", "offload_disk")
	*c = Checkpointing(word)
	return err
}

// MarshalYAML writes a bool, offload or offload_disk.
func (c Checkpointing) MarshalYAML() (any, error) { return boolOrText(string(c)), nil }

// Accepts says what may be written.
func (Checkpointing) Accepts() string { return "true, false, offload or offload_disk" }

// boolOr reads a bool as the word true or false, or one of words.
func boolOr(n *yaml.Node, words ...string) (string, error) {
	if n.Kind == yaml.ScalarNode {
		if b, ok := config.ParseBool(n.Value); ok {
			return strconv.FormatBool(b), nil
		}
		if slices.Contains(words, n.Value) {
			return n.Value, nil
		}
	}
	return "", config.ErrType
}

func boolOrText(word string) any {
	if b, err := strconv.ParseBool(word); err == nil {
		return b
	}
	return word
}

// TargetModules chooses linear layers, as peft's target_modules does.
type TargetModules struct {
	// Names: a layer is chosen when its whole name equals one of them or ends with a dot and one of them.
	Names []string
	// Pattern is a regular expression that the whole name must match; it is used when Names is empty. The word all-linear
	// stands for every linear layer but the output head.
	Pattern string
}

// UnmarshalYAML reads a list of names, or a text as pattern.
func (t *TargetModules) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		if _, err := regexp.Compile(n.Value); err != nil {
			return config.Fault{Problem: fmt.Sprintf("not a regular expression that Go reads: %v", err)}
		}
		*t = TargetModules{Pattern: n.Value}
		return nil
	}
	var names config.Strings
	if err := names.UnmarshalYAML(n); err != nil {
		return err
	}
	*t = TargetModules{Names: names}
	return nil
}

// MarshalYAML writes the list or the pattern.
func (t TargetModules) MarshalYAML() (any, error) {
	if len(t.Names) > 0 {
		return t.Names, nil
	}
	return t.Pattern, nil
}

// Accepts says what may be written.
func (TargetModules) Accepts() string { return "a list of names, or a regular expression" }

// IsZero tells that no layer is chosen.
func (t TargetModules) IsZero() bool { return len(t.Names) == 0 && t.Pattern == "" }

// OptimArgs are settings of the optimizer by name: beta1, beta2, eps.
type OptimArgs map[string]float64

// UnmarshalYAML reads a mapping, or a text as "beta1=0.9,beta2=0.95". betas: [b1, b2] and epsilon are understood.
func (o *OptimArgs) UnmarshalYAML(n *yaml.Node) error {
	args := OptimArgs{}
	set := func(name, text string) error {
		x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			return config.ErrType
		}
		if name = strings.TrimSpace(name); name == "epsilon" {
			name = "eps"
		}
		args[name] = x
		return nil
	}
	switch n.Kind {
	case yaml.ScalarNode:
		for _, pair := range strings.Split(n.Value, ",") {
			name, text, _ := strings.Cut(pair, "=")
			if err := set(name, text); err != nil {
				return err
			}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i].Value, n.Content[i+1]
			if name == "betas" && value.Kind == yaml.SequenceNode && len(value.Content) == 2 {
				if set("beta1", value.Content[0].Value) != nil || set("beta2", value.Content[1].Value) != nil {
					return config.ErrType
				}
			} else if err := set(name, value.Value); err != nil {
				return err
			}
		}
	default:
		return config.ErrType
	}
	*o = args
	return nil
}

// Accepts says what may be written.
func (OptimArgs) Accepts() string {
	return "beta1, beta2 and eps as a mapping, or as beta1=0.9,eps=1e-8"
}
