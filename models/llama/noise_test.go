package llama

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestNoiseIsUniformWithinTheBoundOfEachSequence(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	const hidden, alpha = 64, 5.0
	s := torch.NewScope("test")
	defer s.Close()
	rows := Rows{IDs: make([]int32, 500), Bounds: []int{0, 100, 100, 500}}
	noise := func(clock nn.Clock, rows Rows) []float32 {
		m := &Model{Clock: clock, Noise: alpha}
		return m.noisy(torch.Zeros(s, torch.Float32CPU, len(rows.IDs), hidden), rows).Floats()
	}
	clock := nn.Clock{Training: true, Seed: 42, Step: 3}
	all := noise(clock, rows)
	for _, sequence := range [][2]int{{0, 100}, {100, 500}} {
		bound := alpha / math.Sqrt(float64(sequence[1]-sequence[0])*hidden)
		most, sum, squares := 0.0, 0.0, 0.0
		part := all[sequence[0]*hidden : sequence[1]*hidden]
		for _, v := range part {
			most, sum, squares = max(most, math.Abs(float64(v))), sum+float64(v), squares+float64(v)*float64(v)
		}
		n := float64(len(part))
		require.LessOrEqual(t, most, bound)
		require.Greater(t, most, 0.99*bound)
		require.Less(t, math.Abs(sum/n), 0.05*bound)
		require.InEpsilon(t, bound*bound/3, squares/n, 0.05)
	}
	later := clock
	later.Row = 100
	require.Equal(t, all[100*hidden:], noise(later, Rows{IDs: make([]int32, 400)}), "the second sequence in a micro-batch of its own")
	later.Step++
	require.NotEqual(t, all[100*hidden:], noise(later, Rows{IDs: make([]int32, 400)}))
	require.Equal(t, make([]float32, 500*hidden), noise(nn.Clock{Seed: 42, Step: 3}, rows), "none outside of training")
}
