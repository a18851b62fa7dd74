package mroberta

import (
	"context"
	"fmt"

	"github.com/ajolote-ai/ajolote/sbert"
)

// MineOptions say which passages are hard negatives, as sentence-transformers' mine_hard_negatives does.
type MineOptions struct {
	RangeMin  int     // so many of the nearest passages are left out, before right ones are
	RangeMax  int     // no passage beyond this rank is taken
	Margin    float64 // a negative's similarity is at least so much below the passage's; 0 for any similarity
	Negatives int     // of each pair, the nearest ones first
	// Encode are the choices of encoding; vectors are normalised in any case.
	Encode sbert.EncodeOptions
}

// DefaultMineOptions takes 3 negatives from the nearest 13 passages, with no margin.
func DefaultMineOptions() MineOptions { return MineOptions{RangeMax: 13, Negatives: 3} }

// Triplet is a pair with a passage that is wrong for it.
type Triplet struct{ Query, Passage, Negative string }

// Mine finds for every pair the passages of others that the model holds nearest to its query, those of the same query left
// out. Pairs for which too few remain give fewer triplets.
func Mine(ctx context.Context, m *sbert.Model, pairs *Pairs, o MineOptions) ([]Triplet, error) {
	if o.RangeMin < 0 || o.RangeMax <= o.RangeMin || o.Negatives < 1 {
		return nil, fmt.Errorf("mroberta: negatives of ranks %d to %d, %d each: the ranks must rise and at least one be wanted", o.RangeMin, o.RangeMax, o.Negatives)
	}
	queries, passages := pairs.Columns[0], pairs.Columns[1]
	var corpus []string // every passage once
	place := map[string]int{}
	right := map[string]map[int]bool{}
	for i, p := range passages {
		at, ok := place[p]
		if !ok {
			at = len(corpus)
			place[p], corpus = at, append(corpus, p)
		}
		if right[queries[i]] == nil {
			right[queries[i]] = map[int]bool{}
		}
		right[queries[i]][at] = true
	}
	most := 0
	for _, r := range right {
		most = max(most, len(r))
	}
	query, document := o.Encode, o.Encode
	query.Normalize, document.Normalize = true, true
	if o.Encode.Prompt == "" && o.Encode.PromptName == "" {
		query.PromptName, document.PromptName = promptIf(m, "query"), promptIf(m, "document")
	}
	q, err := m.Encode(ctx, queries, query)
	if err != nil {
		return nil, err
	}
	d, err := m.Encode(ctx, corpus, document)
	if err != nil {
		return nil, err
	}
	found, err := sbert.Search(q, d, o.RangeMax+most)
	if err != nil {
		return nil, err
	}
	var mined []Triplet
	for i, matches := range found {
		own := dot(q.Row(i), d.Row(place[passages[i]]))
		rank, taken := 0, 0
		for _, match := range matches {
			if right[queries[i]][match.Row] {
				continue
			}
			rank++
			if rank > o.RangeMax || taken == o.Negatives {
				break
			}
			if rank > o.RangeMin && (o.Margin == 0 || float64(match.Score) <= own-o.Margin) {
				mined = append(mined, Triplet{queries[i], passages[i], corpus[match.Row]})
				taken++
			}
		}
	}
	return mined, nil
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}
