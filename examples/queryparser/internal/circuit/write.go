package circuit

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/ajolote-ai/ajolote/safetensors"
)

// Ids of the special tokens in the tokenizer that the base is made for.
const (
	startOfText = 1 // <s>
	endOfText   = 2 // </s>
)

// Write makes a model folder with the initial weights in float32: config.json and
// model.safetensors. The tokenizer's files are the caller's.
func Write(folder string, c Config, seed uint64) error {
	weights, err := Weights(c, seed)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	config, err := json.MarshalIndent(map[string]any{
		"architectures": []string{"LlamaForCausalLM"}, "model_type": "llama", "dtype": "float32",
		"vocab_size": c.Vocabulary, "hidden_size": c.Hidden, "intermediate_size": c.Intermediate,
		"num_hidden_layers": c.Layers, "num_attention_heads": c.Heads, "num_key_value_heads": c.Heads, "head_dim": c.headDim(),
		"max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": c.RopeTheta, "hidden_act": "silu",
		"tie_word_embeddings": true, "attention_bias": false, "mlp_bias": false,
		"bos_token_id": startOfText, "eos_token_id": endOfText, "initializer_range": spread,
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "config.json"), append(config, '\n'), 0o644); err != nil {
		return err
	}
	var specs []safetensors.Spec
	for name, m := range weights {
		shape := []int64{int64(m.Rows), int64(m.Columns)}
		if m.Rows == 1 {
			shape = shape[1:] // the gains of a norm
		}
		specs = append(specs, safetensors.Spec{Name: name, DType: safetensors.F32, Shape: shape})
	}
	safetensors.SortAsPython(specs)
	w, err := safetensors.Create(filepath.Join(folder, "model.safetensors"), specs, nil)
	if err != nil {
		return err
	}
	defer w.Abort()
	for _, spec := range specs {
		var bytes []byte
		for _, x := range weights[spec.Name].Data {
			bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(float32(x)))
		}
		if err := w.Write(spec.Name, bytes); err != nil {
			return fmt.Errorf("circuit: %s: %w", spec.Name, err)
		}
	}
	return w.Commit()
}
