package salamandra

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/safetensors"
)

// Inspection is what a directory holds: a language model, an adapter or an encoder.
type Inspection struct {
	Dir          string   `json:"dir"`
	Kind         string   `json:"kind"`         // "language model", "adapter" or "encoder"
	Architecture string   `json:"architecture"` // one line: model type and sizes, or rank and targets
	Parameters   int64    `json:"parameters"`   // weights in the files; a quantised tensor counts what it stands for
	Bytes        int64    `json:"bytes"`        // of the tensors in the files
	Files        int      `json:"files"`
	Parts        []Part   `json:"parts"`             // the largest first
	Memory       []Need   `json:"memory,omitempty"`  // of a language model, a row for each length
	Modules      []string `json:"modules,omitempty"` // of a sentence encoder: what texts go through
	Base         string   `json:"base,omitempty"`    // of an adapter
}

// Part is a share of the weights.
type Part struct {
	Name       string   `json:"name"` // embedding, attention, mlp, norms, head, adapter, other
	Types      []string `json:"types"`
	Parameters int64    `json:"parameters"`
	Bytes      int64    `json:"bytes"`
}

// Need is the main memory, in bytes, that a sequence of some length asks for, beside some 0.4 GB for libtorch itself:
// weights, keys and values, and what a pass over the whole sequence holds at once.
type Need struct {
	Tokens        int   `json:"tokens"`
	Inference     int64 `json:"inference"`      // float32 weights
	Inference4Bit int64 `json:"inference_4bit"` // NF4 weights, double-quantised, computing in float32
	// Training of an adapter on NF4 weights with one such sequence in a micro-batch. The adapter and its optimizer state, some
	// 16 bytes a parameter of it, come on top.
	Training          int64 `json:"training"`
	TrainingRecompute int64 `json:"training_recompute"` // with gradient_checkpointing
}

// lossBytes is what the loss holds of the words' scores at once.
const lossBytes = 256 << 20

// Inspect reads configuration files and the headers of weight files, no weights. lengths are those that [Inspection].Memory
// is computed for; none: 1024, 4096 and the model's own longest.
func Inspect(dir string, lengths ...int) (*Inspection, error) {
	for _, n := range lengths {
		if n < 1 {
			return nil, fmt.Errorf("inspect: a length of %d tokens: it must be positive", n)
		}
	}
	r := &Inspection{Dir: dir}
	var err error
	if exists(filepath.Join(dir, "adapter_config.json")) {
		err = r.adapter()
	} else {
		err = r.model(lengths)
	}
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	return r, nil
}

func (r *Inspection) adapter() error {
	c, err := lora.ReadConfig(r.Dir)
	if err != nil {
		return err
	}
	kind := "LoRA"
	if c.UseDoRA {
		kind = "DoRA"
	}
	targets := strings.Join(c.TargetModules.Names, " ")
	if c.TargetModules.Regexp != "" {
		targets = c.TargetModules.Regexp
	}
	r.Kind, r.Base = "adapter", c.BaseModel
	r.Architecture = fmt.Sprintf("%s, rank %d, alpha %v, dropout %v, on %s", kind, c.R, c.Alpha, c.Dropout, targets)
	return r.weights()
}

func (r *Inspection) model(lengths []int) error {
	text, err := os.ReadFile(filepath.Join(r.Dir, "config.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has neither config.json nor adapter_config.json: it holds no model and no adapter", r.Dir)
	} else if err != nil {
		return err
	}
	var head struct {
		ModelType string `json:"model_type"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(r.Dir, "config.json"), err)
	}
	switch head.ModelType {
	case "bert", "roberta", "camembert", "xlm-roberta":
		err = r.encoder()
	default:
		err = r.languageModel(lengths)
	}
	if err != nil {
		return err
	}
	return r.weights()
}

func (r *Inspection) languageModel(lengths []int) error {
	c, err := llama.ReadConfig(r.Dir)
	if err != nil {
		return err
	}
	tied := ""
	if c.TieHead {
		tied = ", head tied to the embedding"
	}
	r.Kind = "language model"
	r.Architecture = fmt.Sprintf("%s: %d layers of %d, MLP %d, %d heads of %d over %d of keys and values, %d words%s, %d positions, %s rotation",
		c.ModelType, c.Layers, c.HiddenSize, c.Intermediate, c.Heads, c.HeadDim, c.KVHeads, c.VocabSize, tied, c.MaxPositions, c.Rope.Type)
	if len(lengths) == 0 {
		lengths = []int{1024, 4096, c.MaxPositions}
	}
	lengths = slices.Clone(lengths)
	slices.Sort(lengths)
	for _, n := range slices.Compact(lengths) {
		tokens := int64(n)
		one := tokens * (c.CacheBytes() + c.ActivationBytes(false, false))
		nf4 := c.WeightBytes(llama.LoadOptions{Load4Bit: true, DoubleQuant: true})
		r.Memory = append(r.Memory, Need{
			Tokens: n, Inference: c.WeightBytes(llama.LoadOptions{}) + one, Inference4Bit: nf4 + one,
			Training:          nf4 + lossBytes + tokens*c.ActivationBytes(true, false),
			TrainingRecompute: nf4 + lossBytes + tokens*c.ActivationBytes(true, true),
		})
	}
	return nil
}

func (r *Inspection) encoder() error {
	c, err := bert.ReadConfig(r.Dir)
	if err != nil {
		return err
	}
	r.Kind = "encoder"
	r.Architecture = fmt.Sprintf("%s: %d layers of %d, inner width %d, %d heads, %d words, texts of at most %d tokens",
		c.ModelType, c.Layers, c.HiddenSize, c.Intermediate, c.Heads, c.VocabSize, c.MaxTokens())
	text, err := os.ReadFile(filepath.Join(r.Dir, "modules.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	var modules []struct {
		Type string `json:"type"`
		Path string `json:"path"`
	}
	if err := json.Unmarshal(text, &modules); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(r.Dir, "modules.json"), err)
	}
	for _, m := range modules {
		name := m.Type[strings.LastIndexByte(m.Type, '.')+1:]
		if name == "Pooling" {
			modes, err := poolingModes(filepath.Join(r.Dir, m.Path, "config.json"))
			if err != nil {
				return err
			}
			name += " (" + strings.Join(modes, ", ") + ")"
		}
		r.Modules = append(r.Modules, name)
	}
	return nil
}

// poolingModes lists what a Pooling module's configuration turns on.
func poolingModes(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var c map[string]any
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var modes []string
	if mode, ok := c["pooling_mode"].(string); ok {
		modes = append(modes, mode)
	}
	for key, on := range c {
		if mode, ok := strings.CutPrefix(key, "pooling_mode_"); ok && on == true {
			modes = append(modes, mode)
		}
	}
	slices.Sort(modes)
	return modes, nil
}

// weights counts the tensors of the files, part by part.
func (r *Inspection) weights() error {
	w, err := safetensors.Open(r.Dir)
	if err != nil {
		return err
	}
	defer w.Close()
	r.Files, r.Bytes = len(w.Files()), w.Bytes()
	owner := map[string]string{} // of the tensors that NF4 weights are stored in
	for _, t := range w.Tensors() {
		if qlora.IsStored(w, t.Name) {
			for _, name := range qlora.StoredNames(t.Name) {
				owner[name] = t.Name
			}
		}
	}
	for _, t := range w.Tensors() {
		kind, parameters := t.DType.String(), t.Elements()
		switch owner[t.Name] {
		case "":
		case t.Name:
			kind, parameters = "NF4", 2*t.Bytes()
		default:
			kind, parameters = "NF4", 0
		}
		i := slices.IndexFunc(r.Parts, func(p Part) bool { return p.Name == r.partOf(t.Name) })
		if i < 0 {
			i = len(r.Parts)
			r.Parts = append(r.Parts, Part{Name: r.partOf(t.Name)})
		}
		p := &r.Parts[i]
		p.Parameters, p.Bytes = p.Parameters+parameters, p.Bytes+t.Bytes()
		if !slices.Contains(p.Types, kind) {
			p.Types = append(p.Types, kind)
		}
		r.Parameters += parameters
	}
	slices.SortStableFunc(r.Parts, func(a, b Part) int { return int(min(1, max(-1, b.Bytes-a.Bytes))) })
	return nil
}

// partOf says which part of a model a tensor belongs to, from its name in a checkpoint.
func (r *Inspection) partOf(name string) string {
	if r.Kind == "adapter" {
		return "adapter"
	}
	for _, part := range []struct {
		name  string
		marks []string
	}{
		{"norms", []string{"norm.", "Norm."}},
		{"embedding", []string{"embed_tokens", "embeddings."}},
		{"head", []string{"lm_head", "classifier", "pooler"}},
		{"attention", []string{"self_attn", "attention"}},
		{"mlp", []string{".mlp.", "intermediate.", "output.dense"}},
	} {
		if slices.ContainsFunc(part.marks, func(mark string) bool { return strings.Contains(name, mark) }) {
			return part.name
		}
	}
	return "other"
}

// String is a table for people.
func (r *Inspection) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n%s\n", r.Dir, r.Kind, r.Architecture)
	if r.Base != "" {
		fmt.Fprintf(&b, "base: %s\n", r.Base)
	}
	if len(r.Modules) > 0 {
		fmt.Fprintf(&b, "sentence encoder: %s\n", strings.Join(r.Modules, " > "))
	}
	fmt.Fprintf(&b, "%s parameters, %s in %d files\n\n", count(r.Parameters), size(r.Bytes), r.Files)
	fmt.Fprintf(&b, "%-12s %12s %12s  %s\n", "part", "parameters", "bytes", "types")
	for _, p := range r.Parts {
		fmt.Fprintf(&b, "%-12s %12s %12s  %s\n", p.Name, count(p.Parameters), size(p.Bytes), strings.Join(p.Types, " "))
	}
	if len(r.Memory) > 0 {
		fmt.Fprintf(&b, "\nmemory for one sequence, beside some 0.4 GB for libtorch\n%8s %12s %12s %12s %12s\n", "tokens", "inference", "in NF4", "training", "recomputing")
		for _, n := range r.Memory {
			fmt.Fprintf(&b, "%8d %12s %12s %12s %12s\n", n.Tokens, size(n.Inference), size(n.Inference4Bit), size(n.Training), size(n.TrainingRecompute))
		}
		b.WriteString("training: an adapter on NF4 weights, computing in float32; the adapter's own 16 bytes a parameter come on top\n")
	}
	return b.String()
}

// count writes a number of parameters as 260.0 K, 2.25 B.
func count(n int64) string { return scaled(float64(n), "", "K", "M", "B") }

// size writes a number of bytes as 1.2 MB, 4.51 GB.
func size(n int64) string { return scaled(float64(n), "B", "KB", "MB", "GB") }

func scaled(v float64, units ...string) string {
	i := 0
	for i+1 < len(units) && v >= 1000 {
		v, i = v/1000, i+1
	}
	return strings.TrimSpace(fmt.Sprintf("%.4g %s", v, units[i]))
}
