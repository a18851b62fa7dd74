package mroberta_test

import (
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/mroberta"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// testdata/mined.json holds what mine_hard_negatives has found with the same options.
func TestMinedNegativesAreThoseOfSentenceTransformers(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	m, err := sbert.Load(context.Background(), model, bert.LoadOptions{})
	require.NoError(t, err)
	defer m.Free()
	var g struct {
		Queries  []string `json:"queries"`
		Passages []string `json:"passages"`
		Cases    map[string][]struct {
			Query, Passage, Negative string
			Scores                   [2]float64
		} `json:"cases"`
	}
	text, err := os.ReadFile("testdata/mined.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &g))
	value := func(x float64) *float64 { return &x }
	for name, o := range map[string]mroberta.MineOptions{
		"nearest":         {Negatives: 3},
		"range":           {Negatives: 2, RangeMin: 3, RangeMax: 8},
		"absolute margin": {Negatives: 4, AbsoluteMargin: value(0.1)},
		"relative margin": {Negatives: 4, RelativeMargin: value(0.2), RangeMin: 1},
		"scores":          {Negatives: 5, RangeMax: 30, MinScore: value(0.975), MaxScore: value(0.99)},
	} {
		t.Run(name, func(t *testing.T) {
			want := g.Cases[name]
			require.NotEmpty(t, want)
			mined, err := mroberta.Mine(context.Background(), m, &mroberta.Pairs{Columns: [][]string{g.Queries, g.Passages}}, o)
			require.NoError(t, err)
			i := 0
			for _, row := range mined {
				for j, negative := range row.Negatives {
					require.Less(t, i, len(want))
					require.Equal(t, []string{want[i].Query, want[i].Passage, want[i].Negative}, []string{row.Query, row.Passage, negative}, "triplet %d", i)
					require.InDelta(t, want[i].Scores[0], row.Score, 1e-5)
					require.InDelta(t, want[i].Scores[1], row.Scores[j], 1e-5)
					i++
				}
			}
			require.Len(t, want, i)
		})
	}
	require.Len(t, g.Cases, 5)
}

func TestNegativesDrawnAtRandomAreOfTheRangeAndTheSameForTheSameSeed(t *testing.T) {
	torchtest.Need(t)
	m, err := sbert.Load(context.Background(), model, bert.LoadOptions{})
	require.NoError(t, err)
	defer m.Free()
	pairs := &mroberta.Pairs{Columns: [][]string{
		{"energia", "energia", "salut", "clima", "aigua", "recerca"},
		{"energia solar", "energia verd", "salut", "clima aigua", "aigua", "recerca a la universitat"},
	}}
	o := mroberta.MineOptions{Negatives: 2, RangeMax: 4, Random: true, Seed: 1}
	first, err := mroberta.Mine(context.Background(), m, pairs, o)
	require.NoError(t, err)
	again, err := mroberta.Mine(context.Background(), m, pairs, o)
	require.NoError(t, err)
	require.Equal(t, first, again)
	for _, row := range first {
		require.Len(t, row.Negatives, 2)
		require.NotContains(t, row.Negatives, row.Passage)
		require.GreaterOrEqual(t, row.Scores[0], row.Scores[1])
		if row.Query == "energia" {
			require.NotContains(t, row.Negatives, "energia solar")
			require.NotContains(t, row.Negatives, "energia verd")
		}
	}
	o.Negatives = 5
	_, err = mroberta.Mine(context.Background(), m, pairs, o)
	require.ErrorContains(t, err, "5 negatives cannot be taken from ranks 1 to 4")
}
