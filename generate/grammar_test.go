package generate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/generate/grammar"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/query"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func constraint(t *testing.T, g *generate.Generator, schema string, o grammar.Options) *generate.Grammar {
	t.Helper()
	compiled, err := grammar.Compile([]byte(schema), o)
	require.NoError(t, err)
	c, err := generate.NewGrammar(compiled, g.Tokenizer, g.Model.Config.VocabSize)
	require.NoError(t, err)
	return c
}

func TestConstrainedAnswersAreQueriesWhateverTheLimit(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	c := constraint(t, g, string(query.Schema()), grammar.Options{AllProperties: true})
	var list []generate.Request
	for i := range 24 {
		r := generate.Request{Prompt: continuations(t)["float32"][i%7].Prompt, Options: generate.Options{
			MaxNewTokens: 1 + 16*i, StopTokens: []int32{2}, Grammar: c, Seed: uint64(i), Temperature: float64(i%4) * 0.7, TopK: 100 * (i % 2)}}
		r.LogProbs = i%5 == 0
		list = append(list, r)
	}
	results, err := g.GenerateAll(context.Background(), list, nil)
	require.NoError(t, err)
	for i, r := range results {
		require.NoError(t, r.Err)
		_, err := query.Parse(r.Text)
		require.NoError(t, err, "%s", r.Text)
		require.LessOrEqual(t, len(r.Tokens), list[i].MaxNewTokens)
		require.Equal(t, r.Reason == generate.Length, r.Closed != "", "%s: %q", r.Reason, r.Closed)
		if r.Reason == generate.Length {
			require.True(t, strings.HasSuffix(r.Text, r.Closed))
		}
		require.Less(t, r.Passes, max(2, len(r.Tokens)), "what is forced takes no pass of its own")
	}
}

// Among free texts the grammar must choose as the model does: a string of any characters is what it would write.
func TestAGrammarOnlyForbids(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	golden := continuations(t)["float32"][3]
	c := constraint(t, g, `{"enum": ["bear", "big", "big bear"]}`, grammar.Options{})
	r := requests([]continuation{golden})[0]
	r.Grammar = c
	for _, temperature := range []float64{0, 2} {
		for seed := range uint64(20) {
			r.Temperature, r.Seed = temperature, seed
			result, err := g.Generate(context.Background(), r)
			require.NoError(t, err)
			require.Contains(t, []string{`"bear"`, `"big"`, `"big bear"`}, result.Text)
			require.Equal(t, generate.Complete, result.Reason)
		}
	}
}

// Rows of the head that the grammar forbids are not computed; the choice must be as if they were.
func TestFewWordsAreChosenAsFromAll(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	c := constraint(t, g, `{"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 99}, "minItems": 30, "maxItems": 30}`, grammar.Options{})
	r := requests(continuations(t)["float32"][:1])[0]
	r.Grammar, r.MaxNewTokens, r.Temperature, r.Seed = c, 300, 1, 5
	few, err := g.Generate(context.Background(), r)
	require.NoError(t, err)
	r.LogProbs = true // needs them all
	all, err := g.Generate(context.Background(), r)
	require.NoError(t, err)
	require.Equal(t, all.Tokens, few.Tokens)
	var numbers []int
	require.NoError(t, json.Unmarshal([]byte(few.Text), &numbers))
	require.Len(t, numbers, 30)
}

func TestGuessingGivesTheSameTextInFewerPasses(t *testing.T) {
	for name, golden := range continuations(t) {
		g := stories(t, llama.LoadOptions{Load4Bit: name == "nf4", DoubleQuant: true})
		for _, prefix := range [][]int32{nil, golden[0].Prompt} {
			require.NoError(t, g.KeepPrefix(context.Background(), prefix))
			list := requests(golden)
			for i := range list {
				list[i].Guess = 1 + i%9
				if i%2 == 0 { // guesses that come true, up to a point
					list[i].Words = append(append([]int32{}, golden[i].Tokens[:len(golden[i].Tokens)*2/3]...), 7, 8, 9)
				}
			}
			results, err := g.GenerateAll(context.Background(), list, nil)
			require.NoError(t, err)
			for i, want := range golden {
				require.Equal(t, want.Tokens, results[i].Tokens, "%s, prompt %d", name, i)
				require.Equal(t, want.Text, results[i].Text)
				if i%2 == 0 && list[i].Guess > 1 {
					require.Less(t, results[i].Passes, len(want.Tokens)*2/3, "%s, prompt %d", name, i)
				}
			}
		}
	}
}

func TestGuessingDoesNotChangeASample(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	r := requests(continuations(t)["float32"][5:6])[0]
	r.Temperature, r.MaxNewTokens, r.Seed, r.StopTokens = 0.9, 80, 3, nil
	without, err := g.Generate(context.Background(), r)
	require.NoError(t, err)
	r.Guess, r.Words = 6, append(append([]int32{}, without.Tokens[:50]...), 5, 6)
	with, err := g.Generate(context.Background(), r)
	require.NoError(t, err)
	require.Equal(t, without.Tokens, with.Tokens)
	require.Less(t, with.Passes, without.Passes*2/3)
}

func TestManyGoroutinesShareAGenerator(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	torchtest.NoLeaks(t)
	c := constraint(t, g, string(query.Schema()), grammar.Options{})
	golden := continuations(t)["float32"]
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			r := requests(golden[i%7 : i%7+1])[0]
			if i%2 == 0 {
				r.Grammar, r.MaxNewTokens, r.Temperature, r.Seed = c, 40, 1, uint64(i)
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if i%8 == 7 { // leaves in the middle
				r.Stream = func(string) error { cancel(); return nil }
			}
			result, err := g.Generate(ctx, r)
			switch {
			case i%8 == 7:
				require.ErrorIs(t, err, context.Canceled)
			case i%2 == 0:
				_, err := query.Parse(result.Text)
				require.NoError(t, err)
			default:
				require.NoError(t, err)
				require.Equal(t, golden[i%7].Text, result.Text)
			}
		})
	}
	all.Wait()
}

func TestTheGrammarsStreamIsItsText(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	c := constraint(t, g, `{"type": "object", "properties": {"é": {"type": "string", "maxLength": 12}}, "required": ["é"]}`, grammar.Options{Compact: true})
	for seed := range uint64(10) {
		var text strings.Builder
		r := generate.Request{Prompt: []int32{1}, Options: generate.Options{MaxNewTokens: 3 + 3*int(seed), Temperature: 3, Seed: seed, Grammar: c}}
		r.Stream = func(piece string) error { text.WriteString(piece); return nil }
		result, err := g.Generate(context.Background(), r)
		require.NoError(t, err)
		require.Equal(t, result.Text, text.String())
		var v map[string]string
		require.NoError(t, json.Unmarshal([]byte(result.Text), &v), fmt.Sprint(result))
	}
}
