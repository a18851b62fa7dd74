package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

const stories = "../../../testdata/stories260k"

func logits(t *testing.T, folder string) (layers int, values []float32) {
	t.Helper()
	m, err := llama.Load(t.Context(), folder, llama.LoadOptions{})
	require.NoError(t, err)
	defer m.Free()
	require.NoError(t, torch.Run(func() error {
		s := torch.NewScope("test")
		defer s.Close()
		torch.NoGrad(func() {
			values = torch.ToSlice[float32](m.Logits(m.Hidden(s, llama.Rows{IDs: []int32{1, 300, 17, 200, 5, 411}})))
		})
		return nil
	}))
	return m.Config.Layers, values
}

func TestAGrownModelComputesTheSame(t *testing.T) {
	torchtest.Need(t)
	grown := t.TempDir()
	require.NoError(t, run(stories, grown, "3,1"))
	layers, want := logits(t, stories)
	more, got := logits(t, grown)
	assert.Equal(t, layers+2, more)
	assert.Equal(t, want, got)
}

func TestALayerThatIsNotThere(t *testing.T) {
	require.EqualError(t, run(stories, t.TempDir(), "5"), "-behind: the model has no layer 5, its last is 4")
	require.ErrorContains(t, run(stories, t.TempDir(), "1;2"), "-behind 1;2")
	require.Error(t, run("", "x", "1"))
}
