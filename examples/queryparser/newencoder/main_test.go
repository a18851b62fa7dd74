package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestTheFolderLoadsAsAnEncoder(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	require.NoError(t, write(dir, 1))
	m, err := bert.Load(context.Background(), dir, bert.LoadOptions{})
	require.NoError(t, err)
	defer m.Free()
	require.Equal(t, 128, m.Config.MaxTokens())
}

func TestTheSameSeedGivesTheSameWeights(t *testing.T) {
	read := func(seed uint64) []byte {
		dir := t.TempDir()
		require.NoError(t, write(dir, seed))
		data, err := os.ReadFile(filepath.Join(dir, "model.safetensors"))
		require.NoError(t, err)
		return data
	}
	require.Equal(t, read(1), read(1))
	require.NotEqual(t, read(1), read(2))
}
