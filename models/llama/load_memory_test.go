package llama_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// wide is a shape whose bfloat16 file, 935 MB, is far larger than the same model in NF4, 338 MB.
const wide = `{"model_type": "llama", "vocab_size": 32000, "hidden_size": 2048, "intermediate_size": 5440, "num_hidden_layers": 8,
	"num_attention_heads": 16, "num_key_value_heads": 16, "rms_norm_eps": 1e-05, "tie_word_embeddings": true, "dtype": "bfloat16"}`

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
	require.NoError(t, llama.WriteRandom(context.Background(), dir, []byte(wide), llama.RandomOptions{Seed: 1}))
	c, err := llama.ReadConfig(dir)
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0], "-test.run=^TestLoadingNeverHoldsTheWideModel$", "-test.v")
	cmd.Env = append(os.Environ(), "LLAMA_TEST_LOAD="+dir)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	var before, peak int64
	_, report, found := strings.Cut(string(out), "memory: ")
	require.True(t, found, "%s", out)
	_, err = fmt.Sscan(report, &before, &peak)
	require.NoError(t, err)

	quantised := c.WeightBytes(llama.LoadOptions{Load4Bit: true, DoubleQuant: true})
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
