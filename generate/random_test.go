package generate_test

import (
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// Models of many shapes: grouped queries, biases, wide heads, a tied head, a window, and every scaling of positions.
func TestRandomModelsWriteWhatTheyWriteInTransformers(t *testing.T) {
	torchtest.Need(t)
	text, err := os.ReadFile("testdata/random.json")
	require.NoError(t, err)
	var golden map[string][]continuation
	require.NoError(t, json.Unmarshal(text, &golden))
	require.NotEmpty(t, golden)
	for name, list := range golden {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeaks(t)
			require.NotEmpty(t, list)
			m, err := llama.Load(context.Background(), "../models/llama/testdata/"+name, llama.LoadOptions{})
			require.NoError(t, err)
			defer m.Free()
			m.Config.MaxPositions = 64 // some have fewer; transformers warns and goes on
			g := &generate.Generator{Model: m}
			defer g.Close()
			for _, guess := range []int{0, 5} {
				var all []generate.Request
				for _, c := range list {
					all = append(all, generate.Request{Prompt: c.Prompt, Options: generate.Options{MaxNewTokens: len(c.Tokens), Guess: guess}})
				}
				results, err := g.GenerateAll(context.Background(), all, nil)
				require.NoError(t, err)
				for i, c := range list {
					require.Equal(t, c.Tokens, results[i].Tokens, "prompt of %d tokens, guesses of %d", len(c.Prompt), guess)
				}
			}
		})
	}
}
