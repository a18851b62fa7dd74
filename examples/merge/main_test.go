package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/salamandra"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// adapter trains two steps, so that B is not zero and a merge changes the weights.
func adapter(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	c, _, err := salamandra.LoadConfig("examples/finetune/finetune.yml", "max_steps=2", "output_dir="+dir)
	require.NoError(t, err)
	_, err = salamandra.FineTune(t.Context(), c, salamandra.FineTuneOptions{})
	require.NoError(t, err)
	return dir
}

func TestTheMergedModelIsAWholeModelWithOtherWeights(t *testing.T) {
	torchtest.Need(t)
	t.Chdir("../..")
	output := filepath.Join(t.TempDir(), "merged")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, adapter(t), output))
	require.Contains(t, out.String(), "35 layers of ") // seven in each of five

	for _, name := range []string{"config.json", "tokenizer.json", salamandra.PromptFile} {
		require.FileExists(t, filepath.Join(output, name))
	}
	merged, err := os.ReadFile(filepath.Join(output, "model.safetensors"))
	require.NoError(t, err)
	base, err := os.ReadFile("testdata/stories260k/model.safetensors")
	require.NoError(t, err)
	require.InDelta(t, len(base), len(merged), 10_000)
	require.NotEqual(t, base, merged)
}

func TestAnExistingFolderIsNotOverwritten(t *testing.T) {
	torchtest.Need(t)
	t.Chdir("../..")
	require.ErrorContains(t, run(t.Context(), &bytes.Buffer{}, adapter(t), t.TempDir()), "exists already")
}
