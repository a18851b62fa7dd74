package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestTheAdapterLearnsItsDataAndTheCallbackHearsEveryStep(t *testing.T) {
	torchtest.Need(t)
	t.Chdir("../..") // the paths of the YAML are those of the checkout
	dir := t.TempDir()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, "examples/finetune/finetune.yml", "output_dir="+dir))

	steps := regexp.MustCompile(`step (\d+) of 20: loss ([\d.]+)`).FindAllStringSubmatch(out.String(), -1)
	require.Len(t, steps, 20, out.String())
	for i, s := range steps {
		require.Equal(t, fmt.Sprint(i+1), s[1])
	}
	first, err := strconv.ParseFloat(steps[0][2], 64)
	require.NoError(t, err)
	last, err := strconv.ParseFloat(steps[19][2], 64)
	require.NoError(t, err)
	require.Less(t, last, first/2, out.String())
	require.FileExists(t, filepath.Join(dir, "adapter_model.safetensors"))
}

func TestAnInterruptedRunGoesOnFromItsCheckpoint(t *testing.T) {
	torchtest.Need(t)
	t.Chdir("../..")
	set := []string{"output_dir=" + t.TempDir(), "max_steps=4"}
	ctx, cancel := context.WithCancel(t.Context())
	out := &cancelling{after: []byte("step 2 of"), cancel: cancel}
	require.ErrorIs(t, run(ctx, out, "examples/finetune/finetune.yml", set...), context.Canceled)

	var again bytes.Buffer
	require.NoError(t, run(t.Context(), &again, "examples/finetune/finetune.yml", set...))
	require.Contains(t, again.String(), "going on from ")
	require.NotContains(t, again.String(), "step 2 of")
	require.Contains(t, again.String(), "4 steps, ")
}

// cancelling cancels when it is told of after.
type cancelling struct {
	after  []byte
	cancel func()
}

func (c *cancelling) Write(text []byte) (int, error) {
	if bytes.Contains(text, c.after) {
		c.cancel()
	}
	return len(text), nil
}
