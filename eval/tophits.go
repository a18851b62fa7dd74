// The best documents of a query, kept while the corpus streams by.

package eval

import "slices"

// TopHits keeps the k best hits of those pushed, by falling score and, where scores are equal, ascending id, so that the outcome depends neither on the order of
// the corpus nor on how it was cut into chunks. Memory stays at 2k hits. It is not safe for use by several goroutines at once.
type TopHits struct {
	k    int
	hits []Hit
	// worst is the k-th best hit when the list was last cut: what does not come before it need not be kept.
	worst Hit
	full  bool
}

// NewTopHits keeps k hits; k below 1 keeps none.
func NewTopHits(k int) *TopHits { return &TopHits{k: max(k, 0)} }

// Push offers a hit.
func (t *TopHits) Push(id string, score float64) {
	h := Hit{id, score}
	if t.k == 0 || t.full && compareHits(h, t.worst) >= 0 {
		return
	}
	t.hits = append(t.hits, h)
	if len(t.hits) >= 2*t.k {
		t.cut()
	}
}

func (t *TopHits) cut() {
	slices.SortFunc(t.hits, compareHits)
	if len(t.hits) >= t.k {
		t.hits = t.hits[:t.k]
		t.worst, t.full = t.hits[t.k-1], true
	}
}

// Sorted returns the hits, best first. The list is the caller's own.
func (t *TopHits) Sorted() []Hit {
	if t.k > 0 {
		t.cut()
	}
	return slices.Clone(t.hits)
}
