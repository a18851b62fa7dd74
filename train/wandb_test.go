package train

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// testdata/offline.wandb was written by testdata/wandb.py with wandb's own message classes.
func TestOfflineRunsHaveTheBytesThatWandBWrites(t *testing.T) {
	want, err := os.ReadFile("testdata/offline.wandb")
	require.NoError(t, err)
	b := &WandB{Project: "demo", Entity: "me", Name: "first", ID: "abc", Config: map[string]any{"lr": 0.001, "long": strings.Repeat("x", 40000)}}
	records, err := b.records("host", time.Unix(1704164645, 0), []map[string]any{
		{"step": 1, "loss": 3.5, "epoch": 0.5},
		{"step": 2., "loss": 2.25, "epoch": 1.},
		{"step": 2, "eval_loss": 2.5, "epoch": 1.},
	}, true)
	require.NoError(t, err)
	require.Equal(t, want, wandbFile(records))
}

func TestARunThatGoesOnReplacesItsOfflineRun(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	offline := func() (file string, size int) {
		files, err := filepath.Glob(filepath.Join(dir, "wandb", "offline-run-*", "run-*.wandb"))
		require.NoError(t, err)
		require.Len(t, files, 1)
		text, err := os.ReadFile(files[0])
		require.NoError(t, err)
		return filepath.Base(files[0]), len(text)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r, job := newRegression(t, dir)
	job.WandB = &WandB{Project: "demo"}
	r.onStep = func(step int) {
		if step == 5 {
			cancel()
		}
	}
	_, err := Run(ctx, job)
	require.ErrorIs(t, err, context.Canceled)
	half, halfSize := offline()
	run(t, dir, func(j *Job) { j.WandB = &WandB{Project: "demo"} })
	whole, wholeSize := offline()
	require.Equal(t, half, whole)
	require.Greater(t, wholeSize, halfSize)
}
