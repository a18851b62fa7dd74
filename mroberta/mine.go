package mroberta

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/ajolote-ai/ajolote/internal/pyrand"
	"github.com/ajolote-ai/ajolote/sbert"
)

// MineOptions say which passages are hard negatives, under the names of sentence-transformers' mine_hard_negatives.
type MineOptions struct {
	// RangeMin is how many of the nearest passages are left out, RangeMax the rank, from 1, of the last that may be taken; ranks
	// count what the limits below have left. RangeMax 0 chooses: RangeMin and Negatives and the most passages that one query has,
	// with 10 for each of Negatives where there is a margin or MaxScore.
	RangeMin, RangeMax int
	// A negative is at least AbsoluteMargin less similar to the query than its passage, or RelativeMargin, as a share of the
	// passage's similarity; of several passages the least similar counts. nil for no margin.
	AbsoluteMargin, RelativeMargin *float64
	// Similarities that a negative may have; nil for any.
	MinScore, MaxScore *float64
	// Negatives of each query: the nearest, or with Random, some of the range, by Seed.
	Negatives int
	Random    bool
	Seed      int
	// Encode are the choices of encoding; vectors are normalised in any case.
	Encode sbert.EncodeOptions
}

// DefaultMineOptions takes the 3 nearest that are not right.
func DefaultMineOptions() MineOptions { return MineOptions{Negatives: 3, Seed: 42} }

// Mined is a query with one of its passages and passages that are wrong for it, the nearest first.
type Mined struct {
	Query, Passage string
	Negatives      []string
	Score          float32   // similarity of query and passage
	Scores         []float32 // and of query and negatives
}

// Mine finds for every query the passages of others that the model holds nearest to it, those of the same query left out.
// Rows are one for each different pair, the queries in their order. Where few remain, a row has fewer negatives, or none.
func Mine(ctx context.Context, m *sbert.Model, pairs *Pairs, o MineOptions) ([]Mined, error) {
	if len(pairs.Columns) < 2 {
		return nil, fmt.Errorf("mroberta: mining needs queries and passages")
	}
	p := group(pairs)
	if err := o.complete(p); err != nil {
		return nil, err
	}
	query, document := queryOptions(m, o.Encode), documentOptions(m, o.Encode)
	query.Normalize, document.Normalize = true, true
	d, err := m.Encode(ctx, p.passages, document)
	if err != nil {
		return nil, err
	}
	random := pyrand.NewRandom(int64(o.Seed))
	var mined []Mined
	for from := 0; from < len(p.queries); from += evaluationBlock {
		to := min(from+evaluationBlock, len(p.queries))
		q, err := m.Encode(ctx, p.queries[from:to], query)
		if err != nil {
			return nil, err
		}
		found, err := sbert.Search(q, d, o.RangeMax+p.most)
		if err != nil {
			return nil, err
		}
		for i, matches := range found {
			right := p.right[from+i]
			scores := make([]float32, len(right))
			for j, passage := range right {
				scores[j] = float32(dot(q.Row(i), d.Row(passage)))
			}
			chosen := o.choose(matches, right, slices.Min(scores), random)
			for j, passage := range right {
				row := Mined{Query: p.queries[from+i], Passage: p.passages[passage], Score: scores[j]}
				for _, match := range chosen {
					row.Negatives, row.Scores = append(row.Negatives, p.passages[match.Row]), append(row.Scores, match.Score)
				}
				mined = append(mined, row)
			}
		}
	}
	return mined, nil
}

// complete checks the options, and sets RangeMax when it is 0.
func (o *MineOptions) complete(p *grouped) error {
	if o.Negatives < 1 {
		return fmt.Errorf("mroberta: %d negatives are asked for: at least 1", o.Negatives)
	}
	if o.RangeMax == 0 {
		o.RangeMax = o.RangeMin + o.Negatives + p.most
		if o.AbsoluteMargin != nil || o.RelativeMargin != nil || o.MaxScore != nil {
			o.RangeMax = o.RangeMin + 10*o.Negatives + p.most
		}
	}
	if o.RangeMin < 0 || o.RangeMax-o.RangeMin < o.Negatives {
		return fmt.Errorf("mroberta: %d negatives cannot be taken from ranks %d to %d: raise the largest rank, or lower the others", o.Negatives, o.RangeMin+1, o.RangeMax)
	}
	return nil
}

// choose takes the negatives of a query from its nearest passages, best first.
func (o *MineOptions) choose(matches []sbert.Match, right []int, least float32, random *pyrand.Random) []sbert.Match {
	highest := float32(math.Inf(1))
	if o.AbsoluteMargin != nil {
		highest = min(highest, least-float32(*o.AbsoluteMargin))
	}
	if o.RelativeMargin != nil {
		highest = min(highest, least-float32(math.Abs(float64(least)))*float32(*o.RelativeMargin))
	}
	if o.MaxScore != nil {
		highest = min(highest, float32(*o.MaxScore))
	}
	left := slices.DeleteFunc(slices.Clone(matches), func(match sbert.Match) bool {
		return slices.Contains(right, match.Row) || match.Score > highest || o.MinScore != nil && match.Score < float32(*o.MinScore)
	})
	left = left[min(o.RangeMin, len(left)):min(o.RangeMax, len(left))]
	if o.Random && len(left) > o.Negatives {
		random.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
		left = left[:o.Negatives]
		slices.SortFunc(left, func(a, b sbert.Match) int { return cmp.Compare(b.Score, a.Score) })
	}
	return left[:min(o.Negatives, len(left))]
}

// grouped is pairs with every query and every passage once.
type grouped struct {
	queries, passages []string
	right             [][]int // of each query: its passages
	most              int     // passages that one query has
}

func group(pairs *Pairs) *grouped {
	p := &grouped{}
	queries, passages := map[string]int{}, map[string]int{}
	for i, query := range pairs.Columns[0] {
		passage := pairs.Columns[1][i]
		q, ok := queries[query]
		if !ok {
			q = len(p.queries)
			queries[query], p.queries, p.right = q, append(p.queries, query), append(p.right, nil)
		}
		at, ok := passages[passage]
		if !ok {
			at = len(p.passages)
			passages[passage], p.passages = at, append(p.passages, passage)
		}
		if !slices.Contains(p.right[q], at) {
			p.right[q] = append(p.right[q], at)
			p.most = max(p.most, len(p.right[q]))
		}
	}
	return p
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}
