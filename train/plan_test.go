package train

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The orders are Python's: l = list(range(10)); random.Random((42 << 32) + epoch).shuffle(l).
func TestTheOrderOfAnEpochIsPythonsShuffleOfSeedAndEpoch(t *testing.T) {
	o := Options{Examples: 10, MicroBatch: 10, Accumulation: 1, Epochs: 6, Seed: 42}
	for epoch, want := range map[int][]int{
		0: {3, 4, 0, 7, 9, 1, 5, 8, 2, 6}, 1: {5, 1, 0, 9, 7, 8, 4, 6, 2, 3}, 5: {5, 8, 9, 7, 4, 1, 2, 6, 0, 3},
	} {
		require.Equal(t, want, o.StepExamples(epoch), "epoch %d", epoch)
	}
	o.InOrder = true
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, o.StepExamples(3))
}

func TestStepsAndEpochsAreCountedAsTheTrainerCountsThem(t *testing.T) {
	for _, c := range []struct {
		name            string
		o               Options
		steps, perEpoch int
		sizes           []int     // of the steps of the first epoch
		epochs          []float64 // after each of them
	}{
		{"last step smaller", Options{Examples: 10, MicroBatch: 2, Accumulation: 2, Epochs: 2}, 6, 3, []int{4, 4, 2}, []float64{0.4, 0.8, 1}},
		{"last micro-batch smaller", Options{Examples: 5, MicroBatch: 2, Accumulation: 1, Epochs: 1}, 3, 3, []int{2, 2, 1}, []float64{1. / 3, 2. / 3, 1}},
		{"dropping it", Options{Examples: 5, MicroBatch: 2, Accumulation: 1, Epochs: 1, DropLast: true}, 2, 2, []int{2, 2}, []float64{0.5, 1}},
		{"half an epoch", Options{Examples: 10, MicroBatch: 1, Accumulation: 1, Epochs: 0.25}, 3, 10, nil, nil},
		{"steps decide", Options{Examples: 10, MicroBatch: 1, Accumulation: 4, Epochs: 1, MaxSteps: 7}, 7, 3, []int{4, 4, 2}, []float64{0.4, 0.8, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.steps, c.o.TotalSteps())
			require.Equal(t, c.perEpoch, c.o.StepsPerEpoch())
			p := newPlan(c.o)
			for i, size := range c.sizes {
				require.Len(t, p.examples(i), size)
				require.InDelta(t, c.epochs[i], p.epoch(i+1), 1e-12)
			}
		})
	}
}

func TestEveryEpochHasEveryExampleOnce(t *testing.T) {
	o := Options{Examples: 3, Packs: [][]int{{0, 4}, {1}, {2, 3, 5}}, MicroBatch: 2, Accumulation: 1, Epochs: 3, Seed: 1}
	for epoch := range 3 {
		var all []int
		for step := range o.StepsPerEpoch() {
			all = append(all, o.StepExamples(epoch*o.StepsPerEpoch()+step)...)
		}
		slices.Sort(all)
		require.Equal(t, []int{0, 1, 2, 3, 4, 5}, all)
	}
}
