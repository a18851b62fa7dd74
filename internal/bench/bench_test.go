package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/internal/bench"
	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

const (
	stories = "../../testdata/stories260k"
	encoder = "../../sbert/testdata/model"
)

// keys are those of the JSON object that v becomes, in its order: what programs that read the lines rely on.
func keys(t *testing.T, v any) []string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	d := json.NewDecoder(strings.NewReader(string(text)))
	_, err = d.Token() // {
	require.NoError(t, err)
	var list []string
	for d.More() {
		key, err := d.Token()
		require.NoError(t, err)
		list = append(list, key.(string))
		var value any
		require.NoError(t, d.Decode(&value))
	}
	return list
}

func TestDecodingIsMeasuredBesideTheMemory(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	m, err := llama.Load(t.Context(), stories, llama.LoadOptions{Load4Bit: true, DoubleQuant: true})
	require.NoError(t, err)
	defer m.Free()
	r, err := bench.Decode(t.Context(), m, bench.DecodeOptions{Prompt: 20, New: 8, Repeat: 1})
	require.NoError(t, err)
	require.Positive(t, r.Prefill)
	require.InEpsilon(t, r.Share, float64(r.BytesPerToken)*r.Decode/1e9/r.MemoryGB, 1e-9)
	require.Equal(t, m.BytesPerToken(24), r.BytesPerToken, "of 20 and half of 8 tokens")
	require.Equal(t, []string{"workload", "prompt", "new", "prefill_tokens_per_s", "decode_tokens_per_s", "bytes_per_token",
		"decode_gb_per_s", "memory_gb_per_s", "share_of_memory", "kernel_level", "threads"}, keys(t, r))
}

func TestQuestionsBehindOnePromptAreMeasured(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	m, err := llama.Load(t.Context(), stories, llama.LoadOptions{Load4Bit: true, DoubleQuant: true})
	require.NoError(t, err)
	defer m.Free()
	r, err := bench.Queries(t.Context(), m, bench.QueriesOptions{Prompt: 30, New: 4, Count: 3})
	require.NoError(t, err)
	require.InEpsilon(t, r.SecondsPer100, 100*r.SecondsPerQuery, 1e-9)
	require.InEpsilon(t, 4, r.TokensPerS*r.SecondsPerQuery, 1e-9)
	for _, seconds := range []float64{r.PromptS, r.FirstTokenS, r.OwnTokensS, r.AloneS} {
		require.Positive(t, seconds)
	}
	require.Equal(t, []string{"workload", "prompt", "new", "count", "seconds_per_query", "seconds_per_100", "answer_tokens_per_s",
		"prompt_s", "first_token_s", "own_tokens_s", "alone_s"}, keys(t, r))
}

// rows writes n examples of ids and labels that begin alike.
func rows(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"input_ids": [1, 5, 6, 7, 8, 9, %d, 11], "labels": [-100, -100, -100, -100, -100, -100, %[1]d, 11]}`+"\n", 20+i)
	}
	path := filepath.Join(t.TempDir(), "tokens.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

func TestAStepOfQLoRAIsMeasuredOverWholeExamples(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	o := bench.StepOptions{Model: stories, Tokens: rows(t, 6), Batch: 2, Steps: 3}
	r, err := bench.QLoRAStep(t.Context(), o)
	require.NoError(t, err)
	require.Len(t, r.Losses, 3)
	require.InEpsilon(t, 16, r.TokensPerS*r.SecondsPerStep, 1e-9, "two examples of 8 tokens, however many are shared")
	require.Equal(t, []string{"workload", "dtype", "kernel_level", "threads", "seconds_per_step", "examples_per_s", "tokens_per_s",
		"losses", "peak_gib"}, keys(t, r))

	o.NoSharing = true
	apart, err := bench.QLoRAStep(t.Context(), o)
	require.NoError(t, err)
	require.InDeltaSlice(t, r.Losses, apart.Losses, 1e-5)
}

func TestLoadingIsMeasuredFromTheCheckpointAndFromItsCopy(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	dir := filepath.Join(t.TempDir(), "model")
	require.NoError(t, os.CopyFS(dir, os.DirFS(stories)))
	r, err := bench.Load(t.Context(), bench.LoadOptions{Model: dir})
	require.NoError(t, err)
	require.InEpsilon(t, r.FileGB, r.GBPerS*r.Seconds, 1e-9)
	for _, seconds := range []float64{r.WriteSeconds, r.AgainSeconds, r.TokenSeconds, r.ModelGB} {
		require.Positive(t, seconds)
	}
	left, err := os.ReadDir(filepath.Dir(dir))
	require.NoError(t, err)
	require.Len(t, left, 1, "the copy is removed")
	require.Equal(t, []string{"workload", "file_gb", "model_gb", "seconds", "file_gb_per_s", "peak_gib", "peak_over_gb",
		"copy_seconds", "second_seconds", "one_token_seconds"}, keys(t, r))
}

func TestEncodingIsMeasuredOverAllTexts(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	m, err := sbert.Load(t.Context(), encoder, bert.LoadOptions{})
	require.NoError(t, err)
	defer m.Free()
	r, err := bench.Encode(t.Context(), m, []string{"una", "dues paraules", "tres paraules més"}, 2)
	require.NoError(t, err)
	require.Equal(t, m.Dimensions(), r.Dimensions)
	require.Positive(t, r.TextsPerS)
	require.Equal(t, []string{"dim", "dtype", "peak_gib", "texts_per_s", "workload"}, keys(t, r))
}

func TestAStepOfContrastiveTrainingIsMeasured(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	pairs := filepath.Join(t.TempDir(), "pairs.jsonl")
	line := `{"query": [0, 5, 6, 2], "passage": [0, 7, 8, 9, 2]}` + "\n"
	require.NoError(t, os.WriteFile(pairs, []byte(strings.Repeat(line, 4)), 0o600))
	r, err := bench.MNRLStep(t.Context(), bench.MNRLOptions{Model: encoder, Pairs: pairs, Batch: 2, Steps: 2})
	require.NoError(t, err)
	require.InEpsilon(t, 2, r.PairsPerS*r.SecondsPerStep, 1e-9)
	require.Equal(t, []string{"pairs_per_s", "peak_gib", "seconds_per_step", "workload"}, keys(t, r))
}

func TestWorkThatIsNotThereIsRefused(t *testing.T) {
	torchtest.Need(t)
	short := rows(t, 3)
	for _, c := range []struct {
		name, want string
		run        func(ctx context.Context) error
	}{
		{"too few examples", "has 3 rows, the steps need 4", func(ctx context.Context) error {
			_, err := bench.QLoRAStep(ctx, bench.StepOptions{Model: stories, Tokens: short, Batch: 2, Steps: 2})
			return err
		}},
		{"no steps", "must be positive", func(ctx context.Context) error {
			_, err := bench.QLoRAStep(ctx, bench.StepOptions{Model: stories, Tokens: short, Batch: 2})
			return err
		}},
		{"too few pairs", "pair 1 of the 2 that are needed", func(ctx context.Context) error {
			_, err := bench.MNRLStep(ctx, bench.MNRLOptions{Model: encoder, Pairs: os.DevNull, Batch: 1, Steps: 2})
			return err
		}},
		{"an unknown shape", "there are salamandra-2b, salamandra-7b", func(ctx context.Context) error {
			return bench.WriteShape(ctx, t.TempDir(), "salamandra-40b", llama.RandomOptions{})
		}},
	} {
		t.Run(c.name, func(t *testing.T) { require.ErrorContains(t, c.run(t.Context()), c.want) })
	}
}
