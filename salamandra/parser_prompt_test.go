package salamandra

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestAParserThatStartsAgainFindsWhatItMadeOfThePrompt(t *testing.T) {
	torchtest.Need(t)
	dir := filepath.Join(t.TempDir(), "prompts")
	start := func(o ParserOptions) (said []string, answer string) {
		o.Kept = &KeptPrompts{Dir: dir, Say: func(text string) { said = append(said, text) }}
		o.MaxNewTokens = 60
		p, err := LoadParser(context.Background(), storiesDir, o)
		require.NoError(t, err)
		defer p.Close()
		answers, err := p.ParseBatch(context.Background(), []string{"Lily and the dog"}, nil)
		require.NoError(t, err)
		return said, answers[0].Raw
	}
	files := func() int {
		names, err := os.ReadDir(dir)
		require.NoError(t, err)
		return len(names)
	}
	for i, o := range []ParserOptions{
		{Prompt: "Say it as JSON."}, {Prompt: "Say it in JSON."}, {Prompt: "Say it as JSON.", Load4Bit: true},
		{Prompt: "Say it as JSON.", Adapter: "testdata/qlora/adapter"},
	} {
		said, first := start(o)
		require.Len(t, said, 1, "another one is not taken for it")
		require.Contains(t, said[0], "are kept for the next start")
		said, second := start(o)
		require.Empty(t, said, "it is read")
		require.Equal(t, first, second)
		require.Equal(t, i+1, files())
	}
	for _, prompt := range []string{"a", "b", "c", "d", "e", "f"} {
		start(ParserOptions{Prompt: prompt})
	}
	require.Equal(t, maxKeptPrompts+1, files(), "the latest of the model, and that with the adapter")
	said, _ := start(ParserOptions{Prompt: "f"})
	require.Empty(t, said)
}
