// How far a share may be off: bootstrap intervals.

package eval

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
)

// Share is a number of queries out of a total, with an interval for the share that a very long test would show.
type Share struct {
	Count int     `json:"count"`
	Total int     `json:"total"`
	Share float64 `json:"share"` // Count/Total; 0 for a total of 0
	Low   float64 `json:"low"`   // the interval's ends
	High  float64 `json:"high"`
}

// Bootstrap says how intervals are drawn.
type Bootstrap struct {
	Seed       uint64  `json:"seed"`
	Resamples  int     `json:"resamples"`
	Confidence float64 `json:"confidence"` // 0.95 for an interval that holds in 95 of 100 cases
}

// DefaultBootstrap draws 10,000 resamples with seed 42, for intervals at 95 %.
func DefaultBootstrap() Bootstrap { return Bootstrap{Seed: 42, Resamples: 10_000, Confidence: 0.95} }

// Share returns count out of total with its percentile bootstrap interval. The name sets metrics apart, so that each has draws of its own and one
// more metric changes no other.
//
// Drawing n of n queries with replacement, of which c hold, gives a Binomial(n, c/n) number that hold; that number is drawn directly. When all queries
// hold, or none, every resample is the same and says nothing about what n queries cannot show; the open end is then the exact (Clopper-Pearson)
// bound, which for 24 out of 24 is 86 %.
func (b Bootstrap) Share(name string, count, total int) Share {
	s := Share{Count: count, Total: total}
	if total == 0 {
		return s
	}
	n := float64(total)
	s.Share = float64(count) / n
	tail := (1 - b.Confidence) / 2
	switch count {
	case 0:
		s.Low, s.High = 0, 1-math.Pow(tail, 1/n)
	case total:
		s.Low, s.High = math.Pow(tail, 1/n), 1
	default:
		rng := b.rng(name)
		draw := newBinomial(total, s.Share)
		shares := make([]float64, max(b.Resamples, 1))
		for i := range shares {
			shares[i] = float64(draw.next(rng)) / n
		}
		s.Low, s.High = percentiles(shares, tail)
	}
	return s
}

func (b Bootstrap) rng(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(b.Seed, h.Sum64()))
}

// percentiles returns the values that leave tail of the sample below and above. It sorts the sample.
func percentiles(sample []float64, tail float64) (low, high float64) {
	slices.Sort(sample)
	at := func(q float64) float64 {
		place := q * float64(len(sample)-1)
		i := int(place)
		if i+1 >= len(sample) {
			return sample[len(sample)-1]
		}
		return sample[i] + (place-float64(i))*(sample[i+1]-sample[i])
	}
	return at(tail), at(1 - tail)
}

// binomial draws numbers of successes in n trials by inversion of the distribution function, of which it keeps the part that matters: from first on, as
// cumulated probabilities. What lies outside has a probability below 1e-14.
type binomial struct {
	first      int
	cumulative []float64
}

func newBinomial(n int, p float64) *binomial {
	switch {
	case n == 0 || p <= 0:
		return &binomial{first: 0, cumulative: []float64{1}}
	case p >= 1:
		return &binomial{first: n, cumulative: []float64{1}}
	}
	mean := float64(n) * p
	reach := 9*math.Sqrt(mean*(1-p)) + 30 // nine standard deviations, and room for the long tail of a rare event
	first, last := max(0, int(mean-reach)), min(n, int(mean+reach))
	b := &binomial{first: first, cumulative: make([]float64, last-first+1)}
	density := math.Exp(logBinomial(n, first) + float64(first)*math.Log(p) + float64(n-first)*math.Log1p(-p))
	odds := p / (1 - p)
	sum := 0.0
	for k := first; k <= last; k++ {
		sum += density
		b.cumulative[k-first] = sum
		density *= float64(n-k) / float64(k+1) * odds
	}
	for i := range b.cumulative {
		b.cumulative[i] /= sum
	}
	return b
}

func (b *binomial) next(rng *rand.Rand) int {
	i, _ := slices.BinarySearch(b.cumulative, rng.Float64())
	return b.first + min(i, len(b.cumulative)-1)
}

// logBinomial is the logarithm of n over k.
func logBinomial(n, k int) float64 {
	lg := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return lg(n) - lg(k) - lg(n-k)
}
