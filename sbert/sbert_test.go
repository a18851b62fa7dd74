package sbert_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func load(t *testing.T, dir string) *sbert.Model {
	t.Helper()
	m, err := sbert.Load(context.Background(), dir, bert.LoadOptions{})
	require.NoError(t, err)
	t.Cleanup(m.Free)
	return m
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, into))
}

type goldens struct {
	Texts []string `json:"texts"`
	Model struct {
		Plain   [][]float32 `json:"plain"`
		Query   [][]float32 `json:"query"`
		Cut     [][]float32 `json:"cut"`
		Int8    [][]int     `json:"int8"`
		UBinary [][]int     `json:"ubinary"`
	} `json:"model"`
	Pooling map[string][][]float32 `json:"pooling"`
	Old     [][]float32            `json:"old"`
}

func equalVectors(t *testing.T, want [][]float32, got *sbert.Vectors) {
	t.Helper()
	require.Equal(t, len(want), got.Rows)
	for i := range want {
		torchtest.Close(t, want[i], got.Row(i), 2e-5, "text %d", i)
	}
}

func TestVectorsEqualThoseOfSentenceTransformers(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	var g goldens
	readJSON(t, "testdata/embeddings.json", &g)
	m := load(t, "testdata/model")
	for _, c := range []struct {
		name string
		want [][]float32
		o    sbert.EncodeOptions
	}{
		{"as they are", g.Model.Plain, sbert.EncodeOptions{}},
		{"one text at a time", g.Model.Plain, sbert.EncodeOptions{BatchSize: 1}},
		{"with a prompt", g.Model.Query, sbert.EncodeOptions{PromptName: "query"}},
		{"cut and normalised", g.Model.Cut, sbert.EncodeOptions{Dimensions: 6, Normalize: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			last := 0
			c.o.Progress = func(done, total int) { last = done }
			v, err := m.Encode(context.Background(), g.Texts, c.o)
			require.NoError(t, err)
			equalVectors(t, c.want, v)
			require.Equal(t, len(g.Texts), last)
		})
	}
	v, err := m.Encode(context.Background(), g.Texts, sbert.EncodeOptions{})
	require.NoError(t, err)
	codes, err := v.Int8(v.Calibrate())
	require.NoError(t, err)
	for i, row := range g.Model.Int8 {
		for d, want := range row {
			require.InDelta(t, want, codes[i*16+d], 1, "a code at the border of two may fall to either")
		}
	}
	bits := v.Binary()
	for i, row := range g.Model.UBinary {
		for d, want := range row {
			require.EqualValues(t, want, bits[i*2+d])
		}
	}
}

func TestEveryPoolingModeEqualsThatOfSentenceTransformers(t *testing.T) {
	torchtest.Need(t)
	var g goldens
	readJSON(t, "testdata/embeddings.json", &g)
	m := load(t, "testdata/model")
	m.After = nil
	require.Len(t, g.Pooling, 14)
	for name, want := range g.Pooling {
		t.Run(name, func(t *testing.T) {
			modes, without := strings.CutSuffix(name, "-prompt")
			m.Pooling = sbert.Pooling{Modes: strings.Split(modes, "+"), IncludePrompt: !without}
			v, err := m.Encode(context.Background(), g.Texts, sbert.EncodeOptions{Prompt: "query: "})
			require.NoError(t, err)
			equalVectors(t, want, v)
		})
	}
}

func TestOldDirectoriesWithDenseLayersAreRead(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	var g goldens
	readJSON(t, "testdata/embeddings.json", &g)
	v, err := load(t, "testdata/old").Encode(context.Background(), g.Texts, sbert.EncodeOptions{})
	require.NoError(t, err)
	equalVectors(t, g.Old, v)
}

func TestADenseLayerThatDoesNotFitIsRefused(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	for _, c := range []struct{ was, is, want string }{
		{`"out_features": 10`, `"out_features": 12`, "linear.weight has shape [10 16], the model wants [12 16]; linear.bias has shape [10], the model wants [12]"},
		{`"bias": true`, `"bias": false`, "linear.bias has no place in the model"},
	} {
		dir := filepath.Join(t.TempDir(), "model")
		require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/old")))
		paths, err := filepath.Glob(filepath.Join(dir, "*_Dense", "config.json"))
		require.NoError(t, err)
		require.Len(t, paths, 1)
		text, err := os.ReadFile(paths[0])
		require.NoError(t, err)
		require.Contains(t, string(text), c.was)
		require.NoError(t, os.WriteFile(paths[0], []byte(strings.Replace(string(text), c.was, c.is, 1)), 0o600))
		_, err = sbert.Load(t.Context(), dir, bert.LoadOptions{})
		require.ErrorContains(t, err, "the dense layer does not fit its config.json: "+c.want)
	}
}

func TestASavedModelIsTheSameModel(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	texts := []string{"energia solar", "salut"}
	for _, name := range []string{"model", "old"} {
		m := load(t, filepath.Join("testdata", name))
		dir := t.TempDir()
		require.NoError(t, m.Save(dir))
		again := load(t, dir)
		require.Equal(t, m.Prompts, again.Prompts)
		require.Equal(t, m.MaxTokens, again.MaxTokens)
		want, err := m.Encode(context.Background(), texts, sbert.EncodeOptions{})
		require.NoError(t, err)
		got, err := again.Encode(context.Background(), texts, sbert.EncodeOptions{})
		require.NoError(t, err)
		require.Equal(t, want, got)
		// What text-embeddings-inference and versions 2 to 5 insist on.
		var pooling, st map[string]any
		readJSON(t, filepath.Join(dir, "1_Pooling", "config.json"), &pooling)
		require.Contains(t, pooling, "pooling_mode_cls_token")
		require.Contains(t, pooling, "pooling_mode_mean_tokens")
		readJSON(t, filepath.Join(dir, "sentence_bert_config.json"), &st)
		require.EqualValues(t, m.MaxTokens, st["max_seq_length"])
	}
}

func TestATextOfAMegabyteIsCutAndNothingIsLost(t *testing.T) {
	torchtest.Need(t)
	m := load(t, "testdata/model")
	long := strings.Repeat("energia solar ", 1<<20/14)
	v, err := m.Encode(context.Background(), []string{long, "", "\xff\xfe"}, sbert.EncodeOptions{})
	require.NoError(t, err)
	require.Equal(t, 3, v.Rows)
	for _, x := range v.Data {
		require.False(t, math.IsNaN(float64(x)))
	}
	none, err := m.Encode(context.Background(), nil, sbert.EncodeOptions{})
	require.NoError(t, err)
	require.Zero(t, none.Rows)
}

func TestManyGoroutinesEncodeWithOneModel(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	var g goldens
	readJSON(t, "testdata/embeddings.json", &g)
	m := load(t, "testdata/model")
	var all errgroup.Group
	for i := range 8 {
		all.Go(func() error {
			for range 5 {
				v, err := m.Encode(context.Background(), g.Texts, sbert.EncodeOptions{BatchSize: 1 + i})
				if err != nil {
					return err
				}
				for j, want := range g.Model.Plain {
					if d := torchtest.Distance(want, v.Row(j), 2e-5); d != "" {
						return fmt.Errorf("text %d: %s", j, d)
					}
				}
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
}

// Folders of versions 2 to 6 differ in more than their names.
func TestFoldersOfOtherVersionsGiveTheSameVectors(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	var g goldens
	readJSON(t, "testdata/embeddings.json", &g)
	for _, c := range []struct {
		name   string
		change func(dir string) error
		want   string // an error; "" for the same vectors
	}{
		{"the encoder in a folder of its own", func(dir string) error {
			if err := os.Mkdir(filepath.Join(dir, "0_Transformer"), 0o755); err != nil {
				return err
			}
			for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "sentence_bert_config.json"} {
				if err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, "0_Transformer", name)); err != nil {
					return err
				}
			}
			return replaceIn(filepath.Join(dir, "modules.json"), `"path": ""`, `"path": "0_Transformer"`)
		}, ""},
		{"no sentence_bert_config.json", func(dir string) error { return os.Remove(filepath.Join(dir, "sentence_bert_config.json")) }, ""},
		{"no folder of Normalize", func(dir string) error { return os.RemoveAll(filepath.Join(dir, "2_Normalize")) }, ""},
		{"no config_sentence_transformers.json", func(dir string) error { return os.Remove(filepath.Join(dir, "config_sentence_transformers.json")) }, ""},
		{"class names of version 2", func(dir string) error {
			return replaceIn(filepath.Join(dir, "modules.json"), "sentence_transformers.sentence_transformer.modules.pooling.Pooling", "sentence_transformers.models.Pooling")
		}, ""},
		{"a module that is not known", func(dir string) error {
			return replaceIn(filepath.Join(dir, "modules.json"), "normalize.Normalize", "lstm.LSTM")
		}, "module 2 is a"},
		{"no pooling", func(dir string) error { return os.Remove(filepath.Join(dir, "1_Pooling", "config.json")) }, "the pooling of the model is not known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/model")))
			require.NoError(t, c.change(dir))
			m, err := sbert.Load(context.Background(), dir, bert.LoadOptions{})
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
				return
			}
			require.NoError(t, err)
			defer m.Free()
			v, err := m.Encode(context.Background(), g.Texts, sbert.EncodeOptions{})
			require.NoError(t, err)
			equalVectors(t, g.Model.Plain, v)
		})
	}
}

func replaceIn(path, old, with string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), old) {
		return fmt.Errorf("%s: no %s", path, old)
	}
	return os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, with)), 0o644)
}

func TestEncodeStopsWhenItsContextIsDone(t *testing.T) {
	torchtest.Need(t)
	m := load(t, "testdata/model")
	ctx, cancel := context.WithCancel(context.Background())
	texts := []string{"energia solar", "salut", "clima", "aigua"}
	_, err := m.Encode(ctx, texts, sbert.EncodeOptions{BatchSize: 1, Progress: func(int, int) { cancel() }})
	if err == nil { // all went in one batch
		_, err = m.Encode(ctx, texts, sbert.EncodeOptions{})
	}
	require.ErrorIs(t, err, context.Canceled)
	_, err = m.Encode(context.Background(), texts, sbert.EncodeOptions{PromptName: "nobody"})
	require.ErrorContains(t, err, "document query")
}

// The real model: all-MiniLM-L6-v2, from the directory that AJOLOTE_TEST_MINILM names, against vectors that testdata/minilm.py
// has written into it.
func TestMiniLMEqualsSentenceTransformers(t *testing.T) {
	torchtest.Need(t)
	dir := os.Getenv("AJOLOTE_TEST_MINILM")
	if dir == "" {
		t.Skip("AJOLOTE_TEST_MINILM is not set: see testdata/minilm.py")
	}
	var g struct {
		Texts   []string    `json:"texts"`
		Vectors [][]float32 `json:"vectors"`
	}
	readJSON(t, os.Getenv("AJOLOTE_TEST_MINILM_GOLDEN"), &g)
	v, err := load(t, dir).Encode(context.Background(), g.Texts, sbert.EncodeOptions{})
	require.NoError(t, err)
	worst := 1.0
	for i, want := range g.Vectors {
		var dot, a, b float64
		for d, x := range want {
			y := float64(v.Row(i)[d])
			dot, a, b = dot+float64(x)*y, a+float64(x)*float64(x), b+y*y
		}
		worst = min(worst, dot/math.Sqrt(a*b))
	}
	require.GreaterOrEqual(t, worst, 0.99999)
	t.Logf("%d texts, worst cosine %.9f", len(g.Texts), worst)
}
