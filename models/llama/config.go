package llama

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Config is the shape of a model, as its config.json says it. Unknown keys are ignored.
type Config struct {
	ModelType    string  // "llama" or "mistral"
	VocabSize    int     // words
	HiddenSize   int     // elements of a token's state
	Intermediate int     // width of the MLP
	Layers       int     // blocks
	Heads        int     // of the queries
	KVHeads      int     // of keys and values; divides Heads
	HeadDim      int     // elements of a head; even
	MaxPositions int     // tokens that a sequence may have
	NormEps      float64 // added to the mean square that the norms divide by
	Rope         Rope    // how queries and keys are rotated by their place
	Window       int     // tokens that attention looks back (Mistral); 0 for all
	TieHead      bool    // the embedding is the head too

	// Which linear layers have a bias: queries, keys and values; attention's output; the MLP.
	AttentionQKVBias, AttentionOutBias, MLPBias bool

	DType string // of the weights: "bfloat16"; "" when the file does not say
	BOS   int    // -1 for none
	EOS   []int  // each of them ends a text
	PAD   int    // -1 for none
}

// configFile has the keys of config.json that matter here. Pointers tell absent keys.
type configFile struct {
	ModelType     string          `json:"model_type"`
	VocabSize     *int            `json:"vocab_size"`
	HiddenSize    *int            `json:"hidden_size"`
	Intermediate  *int            `json:"intermediate_size"`
	Layers        *int            `json:"num_hidden_layers"`
	Heads         *int            `json:"num_attention_heads"`
	KVHeads       *int            `json:"num_key_value_heads"`
	HeadDim       *int            `json:"head_dim"`
	MaxPositions  *int            `json:"max_position_embeddings"`
	NormEps       *float64        `json:"rms_norm_eps"`
	Activation    *string         `json:"hidden_act"`
	RopeTheta     *float64        `json:"rope_theta"`
	RopeScaling   *ropeFile       `json:"rope_scaling"`
	RopeParams    *ropeFile       `json:"rope_parameters"`
	Window        *int            `json:"sliding_window"`
	TieHead       bool            `json:"tie_word_embeddings"`
	AttentionBias bool            `json:"attention_bias"`
	MLPBias       bool            `json:"mlp_bias"`
	DType         string          `json:"dtype"`
	TorchDType    string          `json:"torch_dtype"`
	BOS           *int            `json:"bos_token_id"`
	EOS           json.RawMessage `json:"eos_token_id"`
	PAD           *int            `json:"pad_token_id"`
}

// ReadConfig reads dir/config.json.
func ReadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("llama: %w", err)
	}
	c, err := ParseConfig(data)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// ParseConfig reads a config.json of transformers 4 or 5 for LlamaForCausalLM or MistralForCausalLM, with the defaults of
// transformers 5 for absent keys. The error lists every fault.
func ParseConfig(data []byte) (Config, error) {
	var f configFile
	if err := json.Unmarshal(data, &f); err != nil {
		return Config{}, err
	}
	or := func(p *int, v int) int {
		if p != nil {
			return *p
		}
		return v
	}
	c := Config{
		ModelType: f.ModelType, VocabSize: or(f.VocabSize, 32000), HiddenSize: or(f.HiddenSize, 4096),
		Intermediate: or(f.Intermediate, 11008), Layers: or(f.Layers, 32), Heads: or(f.Heads, 32),
		MaxPositions: or(f.MaxPositions, 2048), NormEps: 1e-6, TieHead: f.TieHead,
		AttentionQKVBias: f.AttentionBias, AttentionOutBias: f.AttentionBias, MLPBias: f.MLPBias,
		DType: f.DType, BOS: or(f.BOS, -1), PAD: or(f.PAD, -1),
	}
	if c.DType == "" {
		c.DType = f.TorchDType
	}
	c.DType = strings.TrimPrefix(c.DType, "torch.")
	c.KVHeads = or(f.KVHeads, c.Heads)
	if f.NormEps != nil {
		c.NormEps = *f.NormEps
	}

	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	switch f.ModelType {
	case "llama":
	case "mistral":
		c.Window = or(f.Window, 4096)
		if f.Window == nil && mentions(data, "sliding_window") { // null: no window
			c.Window = 0
		}
	default: // whose other keys say nothing here
		return Config{}, fmt.Errorf("model_type is %q: llama and mistral models are read", f.ModelType)
	}
	if f.Activation != nil && *f.Activation != "silu" {
		fault("hidden_act is %q: only silu is known", *f.Activation)
	}
	for _, size := range []struct {
		key         string
		value, most int
	}{{"vocab_size", c.VocabSize, 1 << 24}, {"hidden_size", c.HiddenSize, 1 << 20}, {"intermediate_size", c.Intermediate, 1 << 20},
		{"num_hidden_layers", c.Layers, 1 << 12}, {"num_attention_heads", c.Heads, 1 << 12}, {"num_key_value_heads", c.KVHeads, 1 << 12},
		{"max_position_embeddings", c.MaxPositions, 1 << 30}} {
		if size.value <= 0 || size.value > size.most {
			fault("%s is %d: it must be positive and at most %d", size.key, size.value, size.most)
		}
	}
	if !(c.NormEps >= 0) {
		fault("rms_norm_eps is %v: it must not be negative", c.NormEps)
	}
	if len(faults) == 0 {
		if c.HeadDim = or(f.HeadDim, c.HiddenSize/c.Heads); c.HeadDim <= 0 || c.HeadDim%2 != 0 || c.HeadDim > 1<<12 {
			fault("head_dim is %d: it must be positive, even and at most 4096", c.HeadDim)
		}
		if c.Heads%c.KVHeads != 0 {
			fault("num_key_value_heads is %d: it must divide num_attention_heads, %d", c.KVHeads, c.Heads)
		}
	}
	var err error
	if c.Rope, err = ropeConfig(f, c.MaxPositions); err == nil && len(faults) == 0 {
		err = c.Rope.check(c.HeadDim, c.MaxPositions)
	}
	if err != nil {
		fault("%v", err)
	}
	if c.EOS, err = tokenIDs(f.EOS); err != nil {
		fault("eos_token_id: %v", err)
	}
	if len(faults) > 0 {
		return Config{}, fmt.Errorf("%s", strings.Join(faults, "; "))
	}
	return c, nil
}

// tokenIDs reads an id, a list of them, or null.
func tokenIDs(raw json.RawMessage) ([]int, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var one int
	if json.Unmarshal(raw, &one) == nil {
		return []int{one}, nil
	}
	var list []int
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("%s is neither an id nor a list of ids", raw)
	}
	return slices.Compact(list), nil
}

// mentions says whether the object has the key, whatever its value.
func mentions(data []byte, key string) bool {
	var keys map[string]json.RawMessage
	_ = json.Unmarshal(data, &keys)
	_, ok := keys[key]
	return ok
}

// LinearNames are the last parts of the names of the linear layers in a block: q_proj, k_proj and so on.
func (c Config) LinearNames() []string {
	one := c
	one.Layers = 1
	var names []string
	for _, l := range one.linears() {
		names = append(names, l.name[strings.LastIndex(l.name, ".")+1:])
	}
	return names
}

// LinearShapes are the shapes [out, in] of all linear layers, the head too, by their full names.
func (c Config) LinearShapes() map[string][2]int {
	shapes := map[string][2]int{"lm_head": {c.VocabSize, c.HiddenSize}}
	for _, l := range c.linears() {
		shapes[l.name] = [2]int{l.out, l.in}
	}
	return shapes
}

// Parameters counts the weights of the model, adapters aside.
func (c Config) Parameters() int {
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	layer := c.HiddenSize*(2*q+2*kv) + 3*c.HiddenSize*c.Intermediate + 2*c.HiddenSize
	if c.AttentionQKVBias {
		layer += q + 2*kv
	}
	if c.AttentionOutBias {
		layer += c.HiddenSize
	}
	if c.MLPBias {
		layer += 2*c.Intermediate + c.HiddenSize
	}
	n := c.Layers*layer + c.HiddenSize + c.VocabSize*c.HiddenSize
	if !c.TieHead {
		n += c.VocabSize * c.HiddenSize
	}
	return n
}

// GenerationStops are the end tokens that dir/generation_config.json names; none where there is no such file.
func GenerationStops(dir string) ([]int, error) {
	path := filepath.Join(dir, "generation_config.json")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("llama: %w", err)
	}
	var f struct {
		EOS json.RawMessage `json:"eos_token_id"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	ids, err := tokenIDs(f.EOS)
	if err != nil {
		return nil, fmt.Errorf("%s: eos_token_id: %w", path, err)
	}
	return ids, nil
}
