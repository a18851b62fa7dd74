// Package bench measures this program: the workloads of ajolote bench, each a function that returns what it prints. The
// programs of Python that do the same work are in bench/peers; names and units of the figures are theirs.
package bench

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ajolote-ai/ajolote/torch"
)

// This file: what several measurements need.

// median is the middle of a list, which it sorts; of an even number, the mean of the two in the middle.
func median(list []float64) float64 {
	slices.Sort(list)
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}

// randomIDs draws n tokens below 1000, past the special ones of most vocabularies.
func randomIDs(dice *rand.Rand, n, vocabulary int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(min(10+dice.IntN(990), vocabulary-1))
	}
	return ids
}

// peakGiB is the most memory that the process has held so far.
func peakGiB() (float64, error) {
	_, peak, err := torch.Memory()
	return float64(peak) / (1 << 30), err
}

// memorySpeed is how many GB/s a sum over 256 MB reads, the best of a few.
func memorySpeed() (gbs float64, err error) {
	const elements = 1 << 26
	err = torch.Run(func() error {
		s := torch.NewScope("memory")
		defer s.Close()
		large := torch.Zeros(s, torch.Float32CPU, elements)
		shortest := math.Inf(1)
		for range 5 {
			started := time.Now()
			large.Sum()
			shortest = min(shortest, time.Since(started).Seconds())
		}
		gbs = 4 * elements / 1e9 / shortest
		return nil
	})
	return gbs, err
}
