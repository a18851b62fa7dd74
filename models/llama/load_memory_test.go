package llama_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// wide is a shape whose bfloat16 file, 935 MB, is far larger than the same model in NF4, 338 MB.
const wide = `{"model_type": "llama", "vocab_size": 32000, "hidden_size": 2048, "intermediate_size": 5440, "num_hidden_layers": 8,
	"num_attention_heads": 16, "num_key_value_heads": 16, "rms_norm_eps": 1e-05, "tie_word_embeddings": true, "dtype": "bfloat16"}`

// writeRandom writes a bfloat16 checkpoint of the shape, without ever holding it.
func writeRandom(t *testing.T, dir, config string) llama.Config {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644))
	c, err := llama.ReadConfig(dir)
	require.NoError(t, err)
	var specs []safetensors.Spec
	add := func(name string, shape ...int64) {
		specs = append(specs, safetensors.Spec{Name: name, DType: safetensors.BF16, Shape: shape})
	}
	h, mlp := int64(c.HiddenSize), int64(c.Intermediate)
	add("model.embed_tokens.weight", int64(c.VocabSize), h)
	add("model.norm.weight", h)
	for i := range c.Layers {
		layer := fmt.Sprintf("model.layers.%d.", i)
		add(layer+"input_layernorm.weight", h)
		add(layer+"post_attention_layernorm.weight", h)
		for _, name := range []string{"q", "k", "v", "o"} {
			add(layer+"self_attn."+name+"_proj.weight", h, h)
		}
		add(layer+"mlp.gate_proj.weight", mlp, h)
		add(layer+"mlp.up_proj.weight", mlp, h)
		add(layer+"mlp.down_proj.weight", h, mlp)
	}
	r := rand.New(rand.NewPCG(3, 4))
	block := make([]byte, 4<<20)
	for i := 0; i < len(block); i += 2 {
		binary.LittleEndian.PutUint16(block[i:], uint16(math.Float32bits(float32(r.NormFloat64()*0.02))>>16))
	}
	w, err := safetensors.Create(filepath.Join(dir, "model.safetensors"), specs, nil)
	require.NoError(t, err)
	defer w.Abort()
	for _, s := range specs {
		out, err := w.Tensor(s.Name)
		require.NoError(t, err)
		for left := s.Bytes(); left > 0; {
			n, err := io.Writer(out).Write(block[:min(left, int64(len(block)))])
			require.NoError(t, err)
			left -= int64(n)
		}
	}
	require.NoError(t, w.Commit())
	return c
}

// TestLoadingNeverHoldsTheWideModel: the peak is a property of a process, so the loading runs in one of its own.
func TestLoadingNeverHoldsTheWideModel(t *testing.T) {
	torchtest.Need(t)
	if dir := os.Getenv("LLAMA_TEST_LOAD"); dir != "" {
		loadAndReport(t, dir)
		return
	}
	if testing.Short() {
		t.Skip("writes a file of 0.9 GB")
	}
	dir := t.TempDir()
	c := writeRandom(t, dir, wide)
	cmd := exec.Command(os.Args[0], "-test.run=^TestLoadingNeverHoldsTheWideModel$", "-test.v")
	cmd.Env = append(os.Environ(), "LLAMA_TEST_LOAD="+dir)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	var before, peak int64
	_, report, found := strings.Cut(string(out), "memory: ")
	require.True(t, found, "%s", out)
	_, err = fmt.Sscan(report, &before, &peak)
	require.NoError(t, err)

	quantised := c.WeightBytes(true)
	t.Logf("%d MB before loading, %d MB at most, the quantised model has %d MB", before>>20, peak>>20, quantised>>20)
	require.Less(t, peak, quantised+1200<<20, "the quantised model and 1.2 GB, libtorch included")
	require.Less(t, peak-before, quantised+300<<20, "what loading itself needs beside the quantised model")
}

func loadAndReport(t *testing.T, dir string) {
	_, before, err := torch.Memory()
	require.NoError(t, err)
	m, err := llama.Load(context.Background(), dir, llama.LoadOptions{Load4Bit: true, DoubleQuant: true})
	require.NoError(t, err)
	defer m.Free()
	_, peak, err := torch.Memory()
	require.NoError(t, err)
	fmt.Printf("memory: %d %d\n", before, peak)
}
