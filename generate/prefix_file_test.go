package generate_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestAPrefixOutlivesTheProgram(t *testing.T) {
	ctx := context.Background()
	golden := continuations(t)["float32"][5]
	prefix := golden.Prompt[:len(golden.Prompt)-1]
	file := generate.PrefixFile{Path: filepath.Join(t.TempDir(), "made", "prefix.safetensors"), Model: "stories"}
	// start is a program that starts; it returns what it said.
	start := func(ids []int32, model string) (said []string) {
		g := stories(t, llama.LoadOptions{})
		torchtest.NoLeaks(t)
		defer g.Close()
		f := file
		f.Model, f.Say = model, func(text string) { said = append(said, text) }
		require.NoError(t, g.KeepPrefixIn(ctx, ids, f))
		r, err := g.Generate(ctx, requests([]continuation{golden})[0])
		require.NoError(t, err)
		require.Equal(t, golden.Tokens, r.Tokens)
		names, err := os.ReadDir(filepath.Dir(file.Path))
		require.NoError(t, err)
		require.Len(t, names, 1, "nothing lies beside the file")
		return said
	}
	written := func(said []string, why string) {
		t.Helper()
		if why != "" {
			require.Len(t, said, 2)
			require.Contains(t, said[0], why)
		}
		require.Contains(t, said[len(said)-1], "are kept for the next start: "+file.Path)
	}
	written(start(prefix, "stories"), "")
	require.Empty(t, start(prefix, "stories"), "it is read, not computed")
	written(start(prefix, "stories after another day of training"), "another model, prompt or machine")
	written(start(prefix[:3], "stories"), "another model, prompt or machine")
	require.Empty(t, start(prefix[:3], "stories"))

	whole, err := os.ReadFile(file.Path)
	require.NoError(t, err)
	damaged := append([]byte{}, whole...)
	damaged[len(damaged)-5] ^= 1
	for why, bytes := range map[string][]byte{"the checksum of layers.": damaged, "prefix.safetensors": whole[:len(whole)/2], "": {}} {
		require.NoError(t, os.WriteFile(file.Path, bytes, 0o600))
		said := start(prefix[:3], "stories")
		written(said, "is not usable and will be written again")
		require.Contains(t, said[0], why)
		now, err := os.ReadFile(file.Path)
		require.NoError(t, err)
		require.Equal(t, whole, now)
	}
}

func TestAPrefixThatCannotBeWrittenIsUsedAllTheSame(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	golden := continuations(t)["float32"][5]
	blocked := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(blocked, nil, 0o600))
	var said string
	f := generate.PrefixFile{Path: filepath.Join(blocked, "prefix.safetensors"), Say: func(text string) { said = text }}
	require.NoError(t, g.KeepPrefixIn(context.Background(), golden.Prompt[:2], f))
	require.Contains(t, said, "are not kept: ")
	r, err := g.Generate(context.Background(), requests([]continuation{golden})[0])
	require.NoError(t, err)
	require.Equal(t, golden.Tokens, r.Tokens)
}
