package generate_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/tokenizer"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

const storiesDir = "../testdata/stories260k"

type continuation struct {
	Prompt []int32 `json:"prompt"`
	Tokens []int32 `json:"tokens"`
	Text   string  `json:"text"`
}

func continuations(t *testing.T) map[string][]continuation {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	var golden map[string][]continuation
	require.NoError(t, json.Unmarshal(text, &golden))
	return golden
}

func stories(t *testing.T, o llama.LoadOptions) *generate.Generator {
	t.Helper()
	torchtest.Need(t)
	m, err := llama.Load(context.Background(), storiesDir, o)
	require.NoError(t, err)
	t.Cleanup(m.Free)
	tok, err := tokenizer.Load(storiesDir)
	require.NoError(t, err)
	g := &generate.Generator{Model: m, Tokenizer: tok}
	t.Cleanup(g.Close)
	return g
}

func requests(golden []continuation) []generate.Request {
	var list []generate.Request
	for _, c := range golden {
		list = append(list, generate.Request{Prompt: c.Prompt, Options: generate.Options{MaxNewTokens: len(c.Tokens), StopTokens: []int32{2}}})
	}
	return list
}

func TestGreedyTokensEqualThoseOfTransformers(t *testing.T) {
	for name, golden := range continuations(t) {
		g := stories(t, llama.LoadOptions{Load4Bit: name == "nf4", DoubleQuant: true})
		for _, size := range []int{1, 3, 17} {
			for _, prefix := range [][]int32{nil, golden[0].Prompt} {
				require.NoError(t, g.KeepPrefix(context.Background(), prefix))
				g.MaxBatch = size
				results, err := g.GenerateAll(context.Background(), requests(golden), nil)
				require.NoError(t, err)
				for i, want := range golden {
					require.Equal(t, want.Tokens, results[i].Tokens, "%s, prompt %d in a batch of %d, prefix of %d", name, i, size, len(prefix))
					require.Equal(t, want.Text, results[i].Text)
					require.Equal(t, generate.Length, results[i].Reason)
				}
			}
		}
	}
}

func TestAStreamGivesTheTextWithoutTheStopString(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	golden := continuations(t)["float32"][7]
	whole := golden.Text
	stop := whole[len(whole)/2 : len(whole)/2+6]
	r := requests([]continuation{golden})[0]
	r.StopStrings = []string{stop}
	var streamed strings.Builder
	r.Stream = func(text string) error { streamed.WriteString(text); return nil }
	result, err := g.Generate(context.Background(), r)
	require.NoError(t, err)
	require.Equal(t, generate.StopString, result.Reason)
	require.Equal(t, whole[:strings.Index(whole, stop)], result.Text)
	require.Equal(t, result.Text, streamed.String())
}

func TestSamplingDependsOnTheSeedAlone(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	r := requests(continuations(t)["float32"][:1])[0]
	r.Temperature, r.TopK, r.TopP, r.LogProbs, r.MaxNewTokens = 1.2, 40, 0.95, true, 40
	sample := func(seed uint64, others int) []int32 {
		r.Seed = seed
		list := []generate.Request{r}
		for range others {
			list = append(list, requests(continuations(t)["float32"][1:2])...)
		}
		results, err := g.GenerateAll(context.Background(), list, nil)
		require.NoError(t, err)
		require.Len(t, results[0].LogProbs, len(results[0].Tokens))
		for _, p := range results[0].LogProbs {
			require.LessOrEqual(t, p, float32(0))
		}
		return results[0].Tokens
	}
	require.Equal(t, sample(1, 0), sample(1, 0))
	require.Equal(t, sample(1, 0), sample(1, 3))
	require.NotEqual(t, sample(1, 0), sample(2, 0))
}

func TestAPromptThatIsTooLongSaysBothLengths(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	_, err := g.Generate(context.Background(), generate.Request{Prompt: make([]int32, 500), Options: generate.Options{MaxNewTokens: 20}})
	require.ErrorContains(t, err, "500 tokens and 20 more may follow, the model has 512 positions")
	require.ErrorContains(t, g.KeepPrefix(context.Background(), make([]int32, 512)), "has 512 tokens, the model has 512 positions")
}

func TestCancellingFreesTheSequences(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	torchtest.NoLeaks(t)
	ctx, cancel := context.WithCancel(context.Background())
	r := requests(continuations(t)["float32"][:1])[0]
	r.Stream = func(string) error { cancel(); return nil }
	_, err := g.GenerateAll(ctx, []generate.Request{r, r}, nil)
	require.ErrorIs(t, err, context.Canceled)
}
