// Whether two runs differ by more than chance.

package eval

import (
	"fmt"
	"math"
	"slices"
)

// Comparison is a paired comparison of two runs over the same queries.
type Comparison struct {
	Before  string       `json:"before"` // the runs' names
	After   string       `json:"after"`
	Metrics []PairedTest `json:"metrics"`
}

// PairedTest compares one metric.
type PairedTest struct {
	Name       string  `json:"name"`
	Before     int     `json:"before"` // queries right in the first run
	After      int     `json:"after"`
	Total      int     `json:"total"`
	Gained     int     `json:"gained"`     // wrong before, right after
	Lost       int     `json:"lost"`       // right before, wrong after
	Difference float64 `json:"difference"` // of the shares, after less before
	Low        float64 `json:"low"`        // its bootstrap interval
	High       float64 `json:"high"`
	P          float64 `json:"p"` // McNemar's exact test, two-sided: how often chance alone makes such a difference or a larger one
}

// Compare compares two reports over the same queries, metric by metric. The order of the queries does not matter. The error names queries that only
// one of the reports has.
func Compare(before, after *Report) (*Comparison, error) {
	place := make(map[string]*Result, len(after.Results))
	for i := range after.Results {
		place[after.Results[i].ID] = &after.Results[i]
	}
	pairs := make([][2]*Result, 0, len(before.Results))
	var only faultList
	for i := range before.Results {
		r := &before.Results[i]
		other, ok := place[r.ID]
		if !ok {
			only.addf("%s is in %s alone", r.ID, before.Name)
			continue
		}
		delete(place, r.ID)
		pairs = append(pairs, [2]*Result{r, other})
	}
	for _, r := range after.Results {
		if _, left := place[r.ID]; left {
			only.addf("%s is in %s alone", r.ID, after.Name)
		}
	}
	if err := only.err(); err != nil {
		return nil, fmt.Errorf("the reports are not over the same queries: %w", err)
	}
	c := &Comparison{Before: before.Name, After: after.Name}
	for _, m := range metrics {
		t := PairedTest{Name: m.name, Total: len(pairs)}
		for _, pair := range pairs {
			was, is := m.holds(pair[0]), m.holds(pair[1])
			if was {
				t.Before++
			}
			if is {
				t.After++
			}
			switch {
			case is && !was:
				t.Gained++
			case was && !is:
				t.Lost++
			}
		}
		t.finish(after.Bootstrap)
		c.Metrics = append(c.Metrics, t)
	}
	return c, nil
}

func (t *PairedTest) finish(b Bootstrap) {
	t.P = McNemar(t.Gained, t.Lost)
	changed := t.Gained + t.Lost
	if t.Total == 0 || changed == 0 {
		return
	}
	n := float64(t.Total)
	t.Difference = float64(t.Gained-t.Lost) / n
	// A resample holds Binomial(n, changed/n) pairs that changed, and of these Binomial(changed, gained/changed) that gained.
	rng := b.rng("difference of " + t.Name)
	changes := newBinomial(t.Total, float64(changed)/n)
	gains := map[int]*binomial{}
	sample := make([]float64, max(b.Resamples, 1))
	for i := range sample {
		k := changes.next(rng)
		draw := gains[k]
		if draw == nil {
			draw = newBinomial(k, float64(t.Gained)/float64(changed))
			gains[k] = draw
		}
		gained := draw.next(rng)
		sample[i] = float64(2*gained-k) / n
	}
	t.Low, t.High = percentiles(sample, (1-b.Confidence)/2)
}

// McNemar is the two-sided p-value of McNemar's exact test: with b pairs that changed one way and c the other, the probability that a fair coin
// tossed b+c times comes out at least as uneven. Without any change it is 1.
func McNemar(b, c int) float64 {
	n := b + c
	if n == 0 || b == c {
		return 1
	}
	terms := make([]float64, min(b, c)+1)
	for k := range terms {
		terms[k] = logBinomial(n, k)
	}
	largest := slices.Max(terms)
	sum := 0.0
	for _, t := range terms {
		sum += math.Exp(t - largest)
	}
	return min(1, 2*math.Exp(largest-float64(n)*math.Ln2)*sum)
}
