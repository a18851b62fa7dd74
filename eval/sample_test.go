package eval

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// sample is the reference's own run over 24 queries: see testdata/sample/README.md.
func sample(t testing.TB) (gold []Gold, predictions []Prediction, equivalences *Equivalences) {
	t.Helper()
	gold, err := ReadGold("testdata/sample/test_file.json")
	require.NoError(t, err)
	predictions, err = ReadPredictions("testdata/sample/predictions.jsonl")
	require.NoError(t, err)
	equivalences, err = ReadEquivalences("testdata/sample/equivalences")
	require.NoError(t, err)
	require.Empty(t, equivalences.Warnings)
	return gold, predictions, equivalences
}

func sampleReport(t testing.TB) *Report {
	t.Helper()
	gold, predictions, equivalences := sample(t)
	r, err := QueryParser(gold, predictions, equivalences, Options{Name: "sample"})
	require.NoError(t, err)
	return r
}

func TestEveryNumberOfTheSampleIsTheReferences(t *testing.T) {
	data, err := os.ReadFile("testdata/sample/expected.json")
	require.NoError(t, err)
	var expected struct {
		Summary    *pyjson.Object
		ExitStatus int `json:"exit_status"`
		JSONParsed int `json:"json_parsed"`
		Queries    []struct {
			ID, Tag            string
			JSONParsed         bool        `json:"json_parsed"`
			ValidJSON          bool        `json:"valid_json"`
			ExpectedLanguage   string      `json:"expected_language"`
			LanguageSemantic   string      `json:"language_semantic"`
			LanguageRewrite    string      `json:"language_rewrite"`
			PredictedLanguage  string      `json:"predicted_language"`
			LanguageCorrect    bool        `json:"language_correct"`
			Filters            FilterFlags `json:"filters"`
			OrganisationsExact bool        `json:"organisations_exact"`
			OrganisationsLoose bool        `json:"organisations_relaxed"`
			Semantic           bool        `json:"semantic_query"`
			SemanticRule       string      `json:"semantic_rule"`
			SemanticOverlap    []int       `json:"semantic_overlap"`
			AllCorrectStrict   bool        `json:"all_correct_strict"`
			AllCorrectRelaxed  bool        `json:"all_correct_relaxed"`
			Errors             []string
			LeakedFilters      []string `json:"leaked_filters"`
		}
	}
	require.NoError(t, json.Unmarshal(data, &expected))
	r := sampleReport(t)

	summary := r.Statistics.Clone()
	elapsed, ok := summary.Get("elapsed_time")
	assert.True(t, ok)
	assert.Equal(t, 0.0, elapsed)
	require.True(t, pyjson.Equal(expected.Summary, without(summary, "elapsed_time")), "%s\n%s", pyjson.Text(expected.Summary), pyjson.Text(summary))
	assert.Equal(t, expected.ExitStatus, r.ExitStatus)
	assert.Equal(t, expected.JSONParsed, r.Metric("json_parsed").Count)
	require.Len(t, r.Results, len(expected.Queries))
	for i, want := range expected.Queries {
		got := r.Results[i]
		where := want.ID + " " + want.Tag
		assert.Equal(t, want.ID, got.ID)
		assert.Equal(t, want.JSONParsed, got.JSONParsed, where)
		assert.Equal(t, want.ValidJSON, got.ValidJSON, where)
		assert.Equal(t, want.ExpectedLanguage, got.Lang, where)
		assert.Equal(t, want.LanguageSemantic, got.LanguageSemantic, where)
		assert.Equal(t, want.LanguageRewrite, got.LanguageRewrite, where)
		assert.Equal(t, want.PredictedLanguage, got.PredictedLanguage, where)
		assert.Equal(t, want.LanguageCorrect, got.LanguageCorrect, where)
		assert.Equal(t, want.Filters, got.Filters, where)
		assert.Equal(t, want.OrganisationsExact, got.OrganisationsExact, where)
		assert.Equal(t, want.OrganisationsLoose, got.OrganisationsLoose, where)
		assert.Equal(t, want.Semantic, got.Semantic, where)
		assert.Equal(t, want.SemanticRule, got.SemanticRule, where)
		if want.SemanticOverlap == nil {
			assert.Nil(t, got.SemanticOverlap, where)
		} else {
			assert.Equal(t, &Overlap{want.SemanticOverlap[0], want.SemanticOverlap[1]}, got.SemanticOverlap, where)
		}
		assert.Equal(t, want.AllCorrectStrict, got.AllCorrectStrict, where)
		assert.Equal(t, want.AllCorrectRelaxed, got.AllCorrectRelaxed, where)
		sorted := append([]string{}, got.Errors...)
		sort.Strings(sorted)
		assert.Equal(t, want.Errors, sorted, where)
		assert.Equal(t, want.LeakedFilters, append([]string{}, got.LeakedFilters...), where)
		assert.Empty(t, got.EvalError, where)
	}
}

func without(o *pyjson.Object, key string) *pyjson.Object {
	out := &pyjson.Object{}
	for k, v := range o.All() {
		if k != key {
			out.Set(k, v)
		}
	}
	return out
}

func TestTheReferencesFilesAreTheSameBytes(t *testing.T) {
	dir := t.TempDir()
	paths, err := sampleReport(t).WriteReferenceFiles(filepath.Join(dir, "made", "for it"), time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC))
	require.NoError(t, err)
	var names []string
	for _, p := range paths {
		names = append(names, filepath.Base(p))
	}
	assert.Equal(t, []string{"validation_detailed_20260203_040506.json", "validation_table_20260203_040506.tsv",
		"error_analysis_20260203_040506.txt", "validation_stats_20260203_040506.json"}, names)
	same := func(golden, path string) {
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), golden)
	}
	same("testdata/sample/validation_table.tsv", paths[1])
	same("testdata/sample/error_analysis.txt", paths[2])
	// Python's json module wrote these two from the expected numbers (testdata/reference_files.py).
	same("testdata/validation_detailed.json", paths[0])
	same("testdata/validation_stats.json", paths[3])
}

func TestTheOrderOfPredictionsChangesNothing(t *testing.T) {
	gold, predictions, equivalences := sample(t)
	want, err := QueryParser(gold, predictions, equivalences, Options{})
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, 2))
	rng.Shuffle(len(predictions), func(i, j int) { predictions[i], predictions[j] = predictions[j], predictions[i] })
	got, err := QueryParser(gold, predictions, equivalences, Options{})
	require.NoError(t, err)
	assert.Equal(t, want.Metrics, got.Metrics)
	assert.Equal(t, want.Results, got.Results)

	rng.Shuffle(len(gold), func(i, j int) { gold[i], gold[j] = gold[j], gold[i] })
	got, err = QueryParser(gold, predictions, equivalences, Options{})
	require.NoError(t, err)
	assert.Equal(t, want.Metrics, got.Metrics, "intervals included")
	assert.ElementsMatch(t, want.ByLanguage, got.ByLanguage)
	assert.ElementsMatch(t, want.Results, got.Results)
}

func TestAReportReadsBackAsItWasWritten(t *testing.T) {
	r := sampleReport(t)
	path := filepath.Join(t.TempDir(), "out", "R.json")
	require.NoError(t, r.WriteFile(path))
	back, err := ReadReport(path)
	require.NoError(t, err)
	assert.Equal(t, r.Metrics, back.Metrics)
	assert.Equal(t, r.ByLanguage, back.ByLanguage)
	assert.Equal(t, pyjson.Text(r.Statistics), pyjson.Text(back.Statistics))
	require.Len(t, back.Results, len(r.Results))
	for i := range r.Results {
		assert.Equal(t, pyjson.Text(r.Results[i].Predicted), pyjson.Text(back.Results[i].Predicted))
		assert.Equal(t, r.Results[i].Errors, back.Results[i].Errors)
	}
	again := filepath.Join(t.TempDir(), "again.json")
	require.NoError(t, back.WriteFile(again))
	first, err := os.ReadFile(path)
	require.NoError(t, err)
	second, err := os.ReadFile(again)
	require.NoError(t, err)
	assert.Equal(t, string(first), string(second))
	_, err = ReadReport("testdata/sample/expected.json")
	assert.ErrorContains(t, err, "give the file that eval wrote with --output")
}
