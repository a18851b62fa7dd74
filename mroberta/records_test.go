package mroberta_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ajolote-ai/ajolote/mroberta"
)

// drawAbstracts makes records in which ids and texts are shared now and then.
func drawAbstracts(t *rapid.T) []mroberta.Abstract {
	n := rapid.IntRange(20, 120).Draw(t, "n")
	list := make([]mroberta.Abstract, n)
	for i := range list {
		list[i] = mroberta.Abstract{
			ID: fmt.Sprintf("p%d", rapid.IntRange(0, 60).Draw(t, "id")), Text: fmt.Sprintf("text %d", rapid.IntRange(0, 200).Draw(t, "text")),
			Title: fmt.Sprintf("title %d", i), Keywords: []string{fmt.Sprintf("k%d", rapid.IntRange(0, 9).Draw(t, "keyword")), fmt.Sprintf("only %d", i)},
			Lang: rapid.SampledFrom([]string{"ca", "es", "en"}).Draw(t, "lang"),
		}
		if rapid.Bool().Draw(t, "without id") {
			list[i].ID = ""
		}
	}
	return list
}

func TestNoAbstractIsOnTwoSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		abstracts := drawAbstracts(t)
		o := mroberta.SplitOptions{Dev: 0.2, Test: 0.2, TitleShare: -1, Seed: rapid.IntRange(0, 1000).Draw(t, "seed")}
		s, err := mroberta.SplitAbstracts(abstracts, o)
		if err != nil {
			return // nothing left to train on
		}
		side := map[string]string{} // of texts
		put := func(text, name string) {
			if was, ok := side[text]; ok && was != name {
				t.Fatalf("%q is in %s and in %s", text, was, name)
			}
			side[text] = name
		}
		for _, p := range s.Train {
			put(p.Passage, "train")
		}
		for name, r := range map[string]*mroberta.Retrieval{"dev": s.Dev, "test": s.Test} {
			for _, doc := range r.Docs {
				put(doc, name)
			}
		}
		byID := map[string]string{}
		for _, a := range abstracts {
			if was, ok := byID[a.ID]; ok && a.ID != "" && was != side[a.Text] {
				t.Fatalf("%s is in %s and in %s", a.ID, was, side[a.Text])
			}
			byID[a.ID] = side[a.Text]
		}
	})
}

func TestMoreRecordsDoNotMoveTheOthers(t *testing.T) {
	var abstracts []mroberta.Abstract
	for i := range 400 {
		abstracts = append(abstracts, mroberta.Abstract{ID: fmt.Sprint(i), Text: fmt.Sprintf("text %d", i), Title: "t", Keywords: []string{"k"}})
	}
	o := mroberta.DefaultSplitOptions()
	few, err := mroberta.SplitAbstracts(abstracts[:300], o)
	require.NoError(t, err)
	many, err := mroberta.SplitAbstracts(abstracts, o)
	require.NoError(t, err)
	require.Subset(t, many.Dev.Docs, few.Dev.Docs)
	require.Subset(t, many.Test.Docs, few.Test.Docs)
	require.InDelta(t, 20, len(many.Dev.Docs), 12)
	other, err := mroberta.SplitAbstracts(abstracts, mroberta.SplitOptions{Dev: 0.05, Test: 0.05, TitleShare: 0.1, Seed: 43})
	require.NoError(t, err)
	require.NotEqual(t, many.Dev.Docs, other.Dev.Docs)
}

func TestTitlesAreTheShareOfTheTrainingPairsThatIsAskedFor(t *testing.T) {
	var abstracts []mroberta.Abstract
	for i := range 300 {
		abstracts = append(abstracts, mroberta.Abstract{Text: fmt.Sprintf("text %d", i), Title: fmt.Sprintf("title %d", i),
			Keywords: []string{fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i), fmt.Sprintf("c%d", i)}})
	}
	for _, share := range []float64{0, 0.1, 0.25, 0.5, 1} {
		s, err := mroberta.SplitAbstracts(abstracts, mroberta.SplitOptions{TitleShare: share})
		require.NoError(t, err)
		titles := 0
		for _, p := range s.Train {
			if p.Kind == "title" {
				titles++
			}
		}
		require.InDelta(t, share, float64(titles)/float64(len(s.Train)), 0.005)
		require.GreaterOrEqual(t, len(s.Train), 300, "as many as can be are kept")
	}
}

func TestAKeywordOfSeveralAbstractsIsOneQueryAndTranslationsAreRightAnswers(t *testing.T) {
	s, err := mroberta.SplitAbstracts([]mroberta.Abstract{
		{ID: "1", Text: "Energia del sol", Keywords: []string{"solar"}, Lang: "ca"}, {ID: "1", Text: "Energy of the sun", Keywords: []string{"solar", "sun"}, Lang: "en"},
		{ID: "2", Text: "Calor del sol", Keywords: []string{"solar"}, Lang: "ca"},
		{ID: "train", Text: "x", Title: "x", Lang: "en"},
	}, mroberta.SplitOptions{Test: 0.9, TitleShare: -1, Seed: seedWithLast(t)})
	require.NoError(t, err)
	r := s.Test
	require.Equal(t, []string{"solar", "solar", "sun"}, r.Queries)
	require.Equal(t, []string{"ca", "en", "en"}, r.QueryLangs)
	require.Equal(t, map[string]map[string]bool{
		"q0": {"d0": true, "d1": true, "d2": true}, "q1": {"d0": true, "d1": true}, "q2": {"d0": true, "d1": true},
	}, r.Relevant)

	dir := t.TempDir()
	require.NoError(t, r.WriteBEIR(dir, "test"))
	again, err := mroberta.ReadBEIR(dir, "test")
	require.NoError(t, err)
	require.Equal(t, r, again)
	pairs, err := mroberta.ReadPairs(mroberta.TrainData{Path: dir, Split: "test"})
	require.NoError(t, err)
	require.Equal(t, []string{"solar", "solar", "solar", "solar", "solar", "sun", "sun"}, pairs.Columns[0])
	require.Equal(t, "Calor del sol", pairs.Columns[1][2])
}

// seedWithLast looks for a seed that holds ids 1 and 2 out, and trains on "train".
func seedWithLast(t *testing.T) int {
	t.Helper()
	for seed := range 10000 {
		s, err := mroberta.SplitAbstracts([]mroberta.Abstract{{ID: "1", Text: "a", Title: "t"}, {ID: "2", Text: "b", Title: "t"}, {ID: "train", Text: "x", Title: "x"}},
			mroberta.SplitOptions{Test: 0.9, TitleShare: -1, Seed: seed})
		if err == nil && len(s.Train) == 1 && s.Train[0].Passage == "x" {
			return seed
		}
	}
	t.Fatal("no such seed")
	return 0
}

func TestAbstractsAreReadFromRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(`{"id": 7, "title": " Sol ", "abstract": "L'energia.", "keywords": ["solar", "solar", " sol "], "lang": "ca"}
{"title": "t", "abstract": "b", "keywords": "x; y;"}
{"title": "t", "abstract": " ", "keywords": []}
{"title": "", "abstract": "c", "keywords": null}
`), 0o644))
	list, skipped, err := mroberta.ReadAbstracts(path)
	require.NoError(t, err)
	require.Equal(t, 2, skipped)
	require.Equal(t, []mroberta.Abstract{
		{ID: "7", Title: "Sol", Text: "L'energia.", Keywords: []string{"solar", "sol"}, Lang: "ca"}, {Title: "t", Text: "b", Keywords: []string{"x", "y"}},
	}, list)
	require.NoError(t, os.WriteFile(path, []byte(`{"title": "t", "text": "b"}`), 0o644))
	_, _, err = mroberta.ReadAbstracts(path)
	require.ErrorContains(t, err, "row 1 has no abstract; its columns are text, title")
	require.NoError(t, os.WriteFile(path, []byte(`{"abstract": "t", "keywords": "[1"}`), 0o644))
	_, _, err = mroberta.ReadAbstracts(path)
	require.True(t, err != nil && strings.Contains(err.Error(), "a.jsonl: row 1: keywords"))
}
