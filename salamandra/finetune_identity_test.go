package salamandra

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch/torchtest"
	"github.com/ajolote-ai/ajolote/train"
)

// stopAfter trains until step and leaves a checkpoint.
func stopAfter(t *testing.T, c *Config, step int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	_, err := FineTune(ctx, c, FineTuneOptions{Events: func(e train.Event) {
		if e.Kind == train.Stepped && e.Step == step {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
}

// copyFolder copies the files of a folder into a new one.
func copyFolder(t *testing.T, from string) (to string) {
	t.Helper()
	to = filepath.Join(t.TempDir(), "moved")
	require.NoError(t, os.CopyFS(to, os.DirFS(from)))
	return to
}

func TestARunGoesOnWhenItsFilesHaveMoved(t *testing.T) {
	torchtest.Need(t)
	start := tinyConfig(t)
	fineTune(t, start)
	undisturbed := tinyConfig(t, "lora_model_dir="+start.OutputDir)
	fineTune(t, undisturbed)

	c := tinyConfig(t, "lora_model_dir="+start.OutputDir)
	template := filepath.Join(t.TempDir(), "template.jinja")
	require.NoError(t, os.WriteFile(template, []byte(c.ChatTemplateJinja), 0o644))
	c.ChatTemplateJinja = template
	stopAfter(t, c, 3)
	c.BaseModel, c.LoraModelDir = copyFolder(t, tinyModel), copyFolder(t, c.LoraModelDir)
	moved := filepath.Join(t.TempDir(), "other name.json")
	require.NoError(t, os.Rename(c.Datasets[0].Path, moved))
	c.Datasets[0].Path = moved
	c.ChatTemplateJinja = filepath.Join(t.TempDir(), "other.jinja")
	require.NoError(t, os.Rename(template, c.ChatTemplateJinja))
	result := fineTune(t, c)
	require.Equal(t, filepath.Join(c.OutputDir, "checkpoint-3"), result.ResumedFrom)
	require.Equal(t, weightsOf(t, undisturbed), weightsOf(t, c))
}

func TestARunThatWouldReadSomethingElseSaysWhat(t *testing.T) {
	torchtest.Need(t)
	c := tinyConfig(t)
	stopAfter(t, c, 1)
	refused := func(change func(c *Config), want string) {
		t.Helper()
		changed := *c
		changed.Datasets = append([]Dataset(nil), c.Datasets...)
		change(&changed)
		_, err := FineTune(context.Background(), &changed, FineTuneOptions{})
		require.ErrorContains(t, err, want)
	}
	rows, err := os.ReadFile(c.Datasets[0].Path)
	require.NoError(t, err)
	fewer := filepath.Join(t.TempDir(), "data.jsonl")
	require.NoError(t, os.WriteFile(fewer, rows[:bytes.LastIndexByte(rows[:len(rows)-1], '\n')], 0o644))
	refused(func(c *Config) { c.Datasets[0].Path = fewer }, "and is \"15 examples")

	// The same shapes and sizes with other weights.
	base := copyFolder(t, tinyModel)
	weights, err := os.ReadFile(filepath.Join(base, "model.safetensors"))
	require.NoError(t, err)
	weights[len(weights)-1] ^= 1
	require.NoError(t, os.WriteFile(filepath.Join(base, "model.safetensors"), weights, 0o644))
	refused(func(c *Config) { c.BaseModel = base }, "weights of the base was")

	refused(func(c *Config) { c.Datasets[0].RolesToTrain = []string{"user"} }, "roles_to_train")
	refused(func(c *Config) { c.ModelOverrides = map[string]any{"rms_norm_eps": 1e-3} }, "config.json of the base was")
}

func TestLargeFilesAreKnownByPieces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large")
	data := make([]byte, 40<<20)
	name := func() string {
		require.NoError(t, os.WriteFile(path, data, 0o644))
		id, err := hashContents(path)
		require.NoError(t, err)
		return id
	}
	first := name()
	for _, at := range []int{0, 64<<10 - 1, len(data) - 1, len(data) - 64<<10} {
		data[at] = 1
		require.NotEqual(t, first, name(), "byte %d", at)
		data[at] = 0
	}
	data = data[:len(data)-1]
	require.NotEqual(t, first, name(), "its size")
}
