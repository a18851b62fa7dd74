package eval

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// jsonLines reads a golden file of one JSON object a line.
func jsonLines[T any](t *testing.T, path string) (rows []T) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
		var row T
		require.NoError(t, json.Unmarshal(line, &row))
		rows = append(rows, row)
	}
	return rows
}

func TestRetrievalAgreesWithSentenceTransformersTiesIncluded(t *testing.T) {
	type golden struct {
		Queries, Documents []string
		Scores             [][]float64
		Relevant           map[string][]string
		At                 map[string][]int
		Metrics            map[string]float64
		CSV                string
	}
	for i, g := range jsonLines[golden](t, "testdata/retrieval.jsonl") {
		at := DefaultRetrievalAt()
		if len(g.At) > 0 {
			at = RetrievalAt{g.At["accuracy_at_k"], g.At["precision_recall_at_k"], g.At["mrr_at_k"], g.At["ndcg_at_k"], g.At["map_at_k"]}
		}
		all, err := NewRetrieval(at)
		require.NoError(t, err)
		top, err := NewRetrieval(at)
		require.NoError(t, err)
		for q, id := range g.Queries {
			relevant := map[string]bool{}
			for _, doc := range g.Relevant[id] {
				relevant[doc] = true
			}
			var hits []Hit
			best := NewTopHits(at.Depth())
			for d, doc := range g.Documents {
				hits = append(hits, Hit{doc, g.Scores[q][d] / 8})
				best.Push(doc, g.Scores[q][d]/8)
			}
			all.Add(hits, relevant)
			top.Add(best.Sorted(), relevant)
		}
		metrics, err := all.Metrics()
		require.NoError(t, err)
		streamed, err := top.Metrics()
		require.NoError(t, err)
		assert.Equal(t, metrics, streamed, "the best hits are enough")
		got := RetrievalKeys("t", "cosine", metrics)
		require.Len(t, got, len(g.Metrics))
		for key, want := range g.Metrics {
			assert.InDelta(t, want, got[key], 1e-9, "case %d, %s", i, key)
		}

		dir := t.TempDir()
		path, err := AppendRetrievalCSV(dir, "t", "cosine", -1, -1, metrics)
		require.NoError(t, err)
		assert.Equal(t, dir+"/Information-Retrieval_evaluation_t_results.csv", path)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		wantHeader, wantRow, _ := bytes.Cut([]byte(g.CSV), []byte("\n"))
		header, row, _ := bytes.Cut(data, []byte("\n"))
		assert.Equal(t, string(wantHeader), string(header))
		assert.Len(t, bytes.Split(row, []byte(",")), len(bytes.Split(wantRow, []byte(","))))
		assert.Equal(t, "-1,-1,", string(row[:6]))
		_, err = AppendRetrievalCSV(dir, "t", "cosine", 0.5, 100, metrics)
		require.NoError(t, err)
		data, err = os.ReadFile(path)
		require.NoError(t, err)
		lines := bytes.Split(data, []byte("\n"))
		require.Len(t, lines, 4, "a header, two rows, the last line end")
		assert.Equal(t, "0.5,100,", string(lines[2][:8]))
	}
}

func TestRetrievalHasNothingToSayWithoutRelevantDocuments(t *testing.T) {
	r, err := NewRetrieval(DefaultRetrievalAt())
	require.NoError(t, err)
	r.Add([]Hit{{"a", 1}}, nil)
	r.Add([]Hit{{"a", 1}}, map[string]bool{"a": false})
	_, err = r.Metrics()
	assert.ErrorIs(t, err, ErrNoRelevant)
	_, err = NewRetrieval(RetrievalAt{NDCG: []int{10, 0}})
	assert.EqualError(t, err, "ndcg@0: a cut-off must be at least 1")
}

func TestTheBestHitsDoNotDependOnTheOrderOfTheCorpus(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOfN(rapid.SampledFrom([]float64{0, 0.25, 0.5, 1, -1, math.Inf(1), math.NaN()}), 0, 60).Draw(t, "scores")
		k := rapid.IntRange(0, 20).Draw(t, "k")
		order := rapid.Permutation(indices(len(scores))).Draw(t, "order")
		straight, shuffled := NewTopHits(k), NewTopHits(k)
		for i := range scores {
			straight.Push(string(rune('a'+i)), scores[i])
			shuffled.Push(string(rune('a'+order[i])), scores[order[i]])
		}
		a, b := straight.Sorted(), shuffled.Sorted()
		require.Len(t, a, min(k, len(scores)))
		for i := range a {
			require.Equal(t, a[i].ID, b[i].ID)
			if i > 0 {
				require.Negative(t, compareHits(a[i-1], a[i]))
			}
		}
	})
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestClassificationAgreesWithScikitLearn(t *testing.T) {
	type golden struct {
		Gold, Predicted, Labels []string
		Accuracy                float64
		MacroF1                 float64 `json:"macro_f1"`
		WeightedF1              float64 `json:"weighted_f1"`
		Precision, Recall, F1   []float64
		Support                 []int
		Confusion               [][]int
	}
	for _, g := range jsonLines[golden](t, "testdata/classification.jsonl") {
		c, err := Classify(g.Gold, g.Predicted)
		require.NoError(t, err)
		assert.InDelta(t, g.Accuracy, c.Accuracy, 1e-12)
		assert.InDelta(t, g.MacroF1, c.MacroF1, 1e-12)
		assert.InDelta(t, g.WeightedF1, c.WeightedF1, 1e-12)
		assert.Equal(t, g.Confusion, c.Confusion)
		require.Len(t, c.Classes, len(g.Labels))
		for i, class := range c.Classes {
			assert.Equal(t, g.Labels[i], class.Label)
			assert.InDelta(t, g.Precision[i], class.Precision, 1e-12)
			assert.InDelta(t, g.Recall[i], class.Recall, 1e-12)
			assert.InDelta(t, g.F1[i], class.F1, 1e-12)
			assert.Equal(t, g.Support[i], class.Support)
		}
	}
	_, err := Classify([]string{"a"}, nil)
	assert.EqualError(t, err, "1 gold labels against 0 predicted ones: one prediction for each is needed")
	_, err = Classify(nil, nil)
	assert.Error(t, err)
}

func TestMcNemarAgreesWithTheBinomialTest(t *testing.T) {
	for _, row := range jsonLines[[][3]float64](t, "testdata/mcnemar.json")[0] {
		got := McNemar(int(row[0]), int(row[1]))
		assert.InEpsilon(t, row[2], got, 1e-8, "%v", row)
	}
}

func TestBootstrapIntervals(t *testing.T) {
	b := DefaultBootstrap()
	s := b.Share("x", 51, 100)
	assert.Equal(t, s, b.Share("x", 51, 100), "the same seed gives the same interval")
	// 51 of 100: the normal approximation gives 0.412 to 0.608.
	assert.InDelta(t, 0.412, s.Low, 0.011)
	assert.InDelta(t, 0.608, s.High, 0.011)
	other := b
	other.Seed, other.Resamples = 43, 50
	assert.NotEqual(t, s.Low, other.Share("x", 51, 100).Low)

	all := b.Share("x", 24, 24)
	assert.Equal(t, 1.0, all.High)
	assert.InDelta(t, 0.8575, all.Low, 1e-4, "24 of 24 is no proof of certainty")
	none := b.Share("x", 0, 24)
	assert.Equal(t, 0.0, none.Low)
	assert.InDelta(t, 0.1425, none.High, 1e-4)
	assert.Equal(t, Share{}, b.Share("x", 0, 0))
	big := b.Share("x", 70_000, 100_000)
	assert.InDelta(t, 0.7, big.Low, 0.004)
	assert.InDelta(t, 0.7, big.High, 0.004)
}

func TestAnIntervalHoldsTheTruthAsOftenAsItClaims(t *testing.T) {
	// Of tests of 100 queries drawn from a model that is right 7 times in 10, about 95 in 100 must have an interval around 0.7.
	b := DefaultBootstrap()
	b.Resamples = 1000
	rng := b.rng("coverage")
	truth := newBinomial(100, 0.7)
	held := 0
	for range 2000 {
		s := b.Share("coverage", truth.next(rng), 100)
		if s.Low <= 0.7 && 0.7 <= s.High {
			held++
		}
	}
	assert.InDelta(t, 0.95, float64(held)/2000, 0.02)
}

func TestBinomialDrawsHaveTheirMeanAndVariance(t *testing.T) {
	for _, c := range []struct {
		n int
		p float64
	}{{1, 0.5}, {10, 0.01}, {100, 0.97}, {100_000, 0.3}, {100_000, 0.00001}} {
		rng := Bootstrap{Seed: 1}.rng("moments")
		draw := newBinomial(c.n, c.p)
		sum, squares := 0.0, 0.0
		const draws = 20_000
		for range draws {
			v := float64(draw.next(rng))
			sum += v
			squares += v * v
		}
		mean, variance := float64(c.n)*c.p, float64(c.n)*c.p*(1-c.p)
		got := sum / draws
		assert.InDelta(t, mean, got, 5*math.Sqrt(variance/draws), "%+v", c)
		assert.InEpsilon(t, variance, squares/draws-got*got, 0.15, "%+v", c)
	}
}
