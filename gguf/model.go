package gguf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/ajolote-ai/ajolote/internal/atomicfile"
	"github.com/ajolote-ai/ajolote/safetensors"
)

// Options say how to export.
type Options struct {
	Type Type   // of matrices; "" for F16
	Name string // of the model; "" for its directory's
	// Base is the model directory of an adapter; "" for the one that the adapter names.
	Base string
	// WithoutTokenizer exports a model whose directory has no tokenizer. Programs must feed and read token ids.
	WithoutTokenizer bool
	Progress         func(done, total int64) // told the bytes that are read; nil for nobody
}

// Export writes a model directory, or an adapter's, as one file. The file appears when it is complete.
func Export(ctx context.Context, dir, file string, o Options) error {
	if o.Type == "" {
		o.Type = F16
	}
	if _, err := ParseType(string(o.Type)); err != nil {
		return err
	}
	if o.Name == "" {
		o.Name = filepath.Base(filepath.Clean(dir))
	}
	e := &export{Options: o, ctx: ctx}
	weights, err := safetensors.Open(dir)
	if err != nil {
		return fmt.Errorf("gguf: %w", err)
	}
	defer weights.Close()
	e.total = weights.Bytes()
	for _, t := range weights.Tensors() {
		if err := dense(t); err != nil {
			return err
		}
	}
	var entries []entry
	var tensors []tensor
	if _, err := os.Stat(filepath.Join(dir, "adapter_config.json")); err == nil {
		entries, tensors, err = e.adapter(dir, weights)
		if err != nil {
			return err
		}
	} else if entries, tensors, err = e.model(dir, weights); err != nil {
		return err
	}
	return atomicfile.Write(file, func(w io.Writer) error { return write(w, entries, tensors) })
}

// modelConfig is what a file says of a model's shape: keys of config.json.
type modelConfig struct {
	ModelType    string      `json:"model_type"`
	VocabSize    uint32      `json:"vocab_size"`
	Hidden       uint32      `json:"hidden_size"`
	Intermediate uint32      `json:"intermediate_size"`
	Layers       uint32      `json:"num_hidden_layers"`
	Heads        uint32      `json:"num_attention_heads"`
	KVHeads      uint32      `json:"num_key_value_heads"`
	HeadDim      uint32      `json:"head_dim"`
	Positions    uint32      `json:"max_position_embeddings"`
	NormEps      float32     `json:"rms_norm_eps"`
	Theta        float64     `json:"rope_theta"`
	Rope         *ropeConfig `json:"rope_parameters"`
	OldRope      *ropeConfig `json:"rope_scaling"`
	Tied         bool        `json:"tie_word_embeddings"`
	BOS          *uint32     `json:"bos_token_id"`
	EOS          any         `json:"eos_token_id"`
	PAD          *uint32     `json:"pad_token_id"`
}

type ropeConfig struct {
	Type     string  `json:"rope_type"`
	OldType  string  `json:"type"`
	Theta    float64 `json:"rope_theta"`
	Factor   float64 `json:"factor"`
	Low      float64 `json:"low_freq_factor"`
	High     float64 `json:"high_freq_factor"`
	Original float64 `json:"original_max_position_embeddings"`
}

func readConfig(dir string) (*modelConfig, error) {
	path := filepath.Join(dir, "config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	c := &modelConfig{Theta: 10000}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("gguf: %s: %w", path, err)
	}
	if c.ModelType != "llama" {
		return nil, fmt.Errorf("gguf: %s: the model type %q is not exported: only llama is", path, c.ModelType)
	}
	if c.Heads == 0 || c.Hidden == 0 || c.Layers == 0 || c.VocabSize == 0 {
		return nil, fmt.Errorf("gguf: %s lacks num_attention_heads, hidden_size, num_hidden_layers or vocab_size", path)
	}
	if c.KVHeads == 0 {
		c.KVHeads = c.Heads
	}
	if c.HeadDim == 0 {
		c.HeadDim = c.Hidden / c.Heads
	}
	if c.Rope == nil {
		c.Rope = c.OldRope
	}
	if c.Rope == nil {
		c.Rope = &ropeConfig{}
	}
	if c.Rope.Type == "" {
		c.Rope.Type = c.Rope.OldType
	}
	if c.Rope.Theta != 0 {
		c.Theta = c.Rope.Theta
	}
	switch c.Rope.Type {
	case "", "default", "linear", "llama3":
		return c, nil
	}
	return nil, fmt.Errorf("gguf: %s: rotary embeddings of type %q are not exported: default, linear and llama3 are", path, c.Rope.Type)
}

func (e *export) model(dir string, weights *safetensors.Weights) ([]entry, []tensor, error) {
	c, err := readConfig(dir)
	if err != nil {
		return nil, nil, err
	}
	entries := []entry{
		{"general.architecture", "llama"}, {"general.type", "model"}, {"general.name", e.Name},
		{"general.file_type", fileTypes[e.Type]}, {"general.quantization_version", uint32(2)},
		{"llama.block_count", c.Layers}, {"llama.context_length", c.Positions}, {"llama.embedding_length", c.Hidden},
		{"llama.feed_forward_length", c.Intermediate}, {"llama.attention.head_count", c.Heads}, {"llama.attention.head_count_kv", c.KVHeads},
		{"llama.attention.layer_norm_rms_epsilon", c.NormEps}, {"llama.rope.freq_base", float32(c.Theta)},
		{"llama.rope.dimension_count", c.HeadDim}, {"llama.attention.key_length", c.HeadDim}, {"llama.attention.value_length", c.HeadDim},
		{"llama.vocab_size", c.VocabSize},
	}
	if c.Rope.Type == "linear" {
		entries = append(entries, entry{"llama.rope.scaling.type", "linear"}, entry{"llama.rope.scaling.factor", float32(c.Rope.Factor)})
	}
	if e.WithoutTokenizer {
		entries = append(entries, entry{"tokenizer.ggml.model", "none"})
	} else {
		vocabulary, err := vocabularyEntries(dir, c)
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, vocabulary...)
	}
	var tensors []tensor
	if c.Rope.Type == "llama3" {
		tensors = append(tensors, c.divisors())
	}
	for _, t := range weights.Tensors() {
		if strings.HasSuffix(t.Name, ".rotary_emb.inv_freq") || t.Name == "lm_head.weight" && c.Tied {
			continue
		}
		name, heads, err := c.translate(t.Name)
		if err != nil {
			return nil, nil, err
		}
		if heads > 0 && int64(heads)*int64(c.HeadDim) != t.Shape[0] {
			return nil, nil, fmt.Errorf("gguf: %s: tensor %s has %d rows, config.json says %d heads of %d", t.File(), t.Name, t.Shape[0], heads, c.HeadDim)
		}
		tensors = append(tensors, e.converted(t, name, e.Type, heads, 1))
	}
	return entries, tensors, nil
}

// modules are llama.cpp's names of the parts of a layer.
var modules = map[string]string{
	"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
	"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
	"mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}

var outside = map[string]string{
	"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight", "lm_head.weight": "output.weight",
}

// translate is llama.cpp's name of a tensor, and the number of heads by which its rows are reordered; 0 for none.
func (c *modelConfig) translate(name string) (string, int, error) {
	if to, ok := outside[name]; ok {
		return to, 0, nil
	}
	rest, ok := strings.CutPrefix(name, "model.layers.")
	layer, rest, found := strings.Cut(rest, ".")
	dot := strings.LastIndexByte(rest, '.')
	if ok && found && dot > 0 {
		if to, known := modules[rest[:dot]]; known {
			return "blk." + layer + "." + to + rest[dot:], c.turned(rest[:dot]), nil
		}
	}
	return "", 0, fmt.Errorf("gguf: tensor %s belongs to no part of a Llama model", name)
}

func (c *modelConfig) turned(module string) int {
	switch module {
	case "self_attn.q_proj":
		return int(c.Heads)
	case "self_attn.k_proj":
		return int(c.KVHeads)
	}
	return 0
}

// divisors are what llama3's scaling divides each frequency by.
func (c *modelConfig) divisors() tensor {
	r := c.Rope
	values := make([]float32, c.HeadDim/2)
	for i := range values {
		wavelength := 2 * math.Pi * math.Pow(c.Theta, float64(2*i)/float64(c.HeadDim))
		switch {
		case wavelength < r.Original/r.High:
			values[i] = 1
		case wavelength > r.Original/r.Low:
			values[i] = float32(r.Factor)
		default:
			smooth := (r.Original/wavelength - r.Low) / (r.High - r.Low)
			values[i] = float32(1 / ((1-smooth)/r.Factor + smooth))
		}
	}
	return tensor{name: "rope_freqs.weight", shape: []int64{int64(len(values))}, kind: F32, data: func(w io.Writer) error {
		_, err := w.Write(F32.encode(nil, values))
		return err
	}}
}

var errNoTokenizer = errors.New("gguf: the model has neither tokenizer.json nor tokenizer.model: bring one, or ask for a file without a tokenizer")
