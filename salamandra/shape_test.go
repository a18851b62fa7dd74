package salamandra

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// drawn is the values of a tensor as testdata/shape/make.py draws them from its name, as bfloat16 or float32.
func drawn(spec safetensors.Spec) []byte {
	seed := uint64(0xCBF29CE484222325)
	for _, c := range []byte(spec.Name) {
		seed = (seed ^ uint64(c)) * 0x100000001B3
	}
	var text []byte
	var z uint64
	for i := range spec.Elements() {
		if i%8 == 0 {
			seed += 0x9E3779B97F4A7C15
			z = (seed ^ seed>>30) * 0xBF58476D1CE4E5B9
			z = (z ^ z>>27) * 0x94D049BB133111EB
			z ^= z >> 31
		}
		value := (float32(z>>(8*(i%8))&255) - 128) / 4096
		if len(spec.Shape) == 1 { // a norm
			value = 1
		}
		bits := math.Float32bits(value)
		if spec.DType == safetensors.F32 {
			text = binary.LittleEndian.AppendUint32(text, bits)
		} else {
			text = binary.LittleEndian.AppendUint16(text, uint16(bits>>16)) // the rest is zero
		}
	}
	return text
}

func writeDrawn(t *testing.T, path string, dtype safetensors.DType, shapes map[string][]int64) {
	t.Helper()
	var specs []safetensors.Spec
	for name, shape := range shapes {
		specs = append(specs, safetensors.Spec{Name: name, DType: dtype, Shape: shape})
	}
	w, err := safetensors.Create(path, specs, nil)
	require.NoError(t, err)
	for _, spec := range specs {
		require.NoError(t, w.Write(spec.Name, drawn(spec)))
	}
	require.NoError(t, w.Commit())
}

// writeShape writes two layers of the Salamandra-2B shape with a small vocabulary, and an adapter for them.
func writeShape(t *testing.T) (base, adapter string) {
	t.Helper()
	const words, hidden, intermediate = 4096, 2048, 5440
	base, adapter = t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(base, "config.json"), fmt.Appendf(nil, `{"architectures": ["LlamaForCausalLM"], "model_type": "llama",
		"vocab_size": %d, "hidden_size": %d, "intermediate_size": %d, "num_hidden_layers": 2, "num_attention_heads": 16, "num_key_value_heads": 16,
		"max_position_embeddings": 8192, "rms_norm_eps": 1e-5, "hidden_act": "silu", "tie_word_embeddings": false, "dtype": "bfloat16"}`, words, hidden, intermediate), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(adapter, "adapter_config.json"), []byte(`{"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 8, "lora_alpha": 16,
		"lora_dropout": 0, "bias": "none", "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"]}`), 0o644))
	weights := map[string][]int64{"model.embed_tokens.weight": {words, hidden}, "lm_head.weight": {words, hidden}, "model.norm.weight": {hidden}}
	factors := map[string][]int64{}
	for layer := range 2 {
		in := fmt.Sprintf("model.layers.%d.", layer)
		weights[in+"input_layernorm.weight"], weights[in+"post_attention_layernorm.weight"] = []int64{hidden}, []int64{hidden}
		weights[in+"mlp.gate_proj.weight"], weights[in+"mlp.up_proj.weight"] = []int64{intermediate, hidden}, []int64{intermediate, hidden}
		weights[in+"mlp.down_proj.weight"] = []int64{hidden, intermediate}
		for _, part := range strings.Fields("q k v o") {
			module := in + "self_attn." + part + "_proj"
			weights[module+".weight"] = []int64{hidden, hidden}
			factors["base_model.model."+module+".lora_A.weight"] = []int64{8, hidden}
			factors["base_model.model."+module+".lora_B.weight"] = []int64{hidden, 8}
		}
	}
	writeDrawn(t, filepath.Join(base, "model.safetensors"), safetensors.BF16, weights)
	writeDrawn(t, filepath.Join(adapter, adapterWeights), safetensors.F32, factors)
	return base, adapter
}

func TestLossCurveOfFiftyStepsOfTheSalamandraShapeEqualsThatOfPEFT(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	if testing.Short() {
		t.Skip("fifty steps of 117 million parameters")
	}
	text, err := os.ReadFile("testdata/shape/golden.json")
	require.NoError(t, err)
	var golden struct {
		Examples []struct {
			IDs    []int32 `json:"input_ids"`
			Labels []int32 `json:"labels"`
		}
		Losses    []float64
		GradNorms []float64 `json:"grad_norms"`
	}
	require.NoError(t, json.Unmarshal(text, &golden))
	data := &Data{}
	for i, e := range golden.Examples {
		data.Train = append(data.Train, Tokenized{ID: fmt.Sprint(i), IDs: e.IDs, Labels: e.Labels})
	}
	base, adapter := writeShape(t)
	c, _, err := ParseConfig("shape.yml", []byte(`
load_in_4bit: true
adapter: qlora
lora_r: 8
lora_alpha: 16
lora_target_modules: [q_proj, k_proj, v_proj, o_proj]
datasets: [{path: given}]
curriculum_sampling: true
micro_batch_size: 2
gradient_accumulation_steps: 2
max_steps: 50
learning_rate: 1e-3
lr_scheduler: cosine
warmup_steps: 5
weight_decay: 0
save_strategy: no
`), "base_model="+base, "lora_model_dir="+adapter, "output_dir="+t.TempDir())
	require.NoError(t, err)
	_, err = FineTune(context.Background(), c, FineTuneOptions{Data: data})
	require.NoError(t, err)
	got := records(t, c)
	require.Len(t, got, len(golden.Losses))
	for i, r := range got {
		require.InEpsilon(t, golden.Losses[i], r.Loss, 1e-3, "step %d", r.Step)
		require.InEpsilon(t, golden.GradNorms[i], r.GradNorm, 1e-2, "step %d", r.Step)
	}
}
