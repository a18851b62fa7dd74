package salamandra

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestTheWorkOfAStepIsCountedOnceForWhatIsShared(t *testing.T) {
	example := func(last ...int32) Tokenized {
		e := Tokenized{IDs: append([]int32{1, 2, 3, 4, 5, 6, 7, 8}, last...)}
		for i, id := range e.IDs {
			if i < 9 {
				id = Ignore
			}
			e.Labels = append(e.Labels, id)
		}
		return e
	}
	batch := []Tokenized{example(20, 21), example(30, 31, 32)}
	// Nothing is behind an example's last token: 9 and 10 of their 10 and 11 go through the model, and 1 and 2 are labelled.
	apart := (&Stepper{}).Work(batch)
	require.Equal(t, llama.Work{Tokens: 19, Pairs: 9*10/2 + 10*11/2, Labels: 3}, apart)
	// Eight are shared: then 1 and 2 tokens are left, each of which attends to the eight too.
	shared := (&Stepper{SharePrefix: true}).Work(batch)
	require.Equal(t, llama.Work{Tokens: 11, Pairs: apart.Pairs - 8*9/2, Labels: 3}, shared)
}

func TestTimeInWhichNothingRunsIsNotCounted(t *testing.T) {
	before, err := processorTime()
	require.NoError(t, err)
	time.Sleep(200 * time.Millisecond)
	asleep, err := processorTime()
	require.NoError(t, err)
	require.Less(t, asleep-before, 100*time.Millisecond)
	for n := uint64(0); ; n++ { // until the process has worked for 10 ms, whatever else the machine does
		now, err := processorTime()
		require.NoError(t, err)
		if now-asleep > 10*time.Millisecond {
			break
		}
		require.Less(t, n, uint64(1<<30), "the clock stands still")
	}
}

func TestARehearsalCountsWhatTheRunWillTake(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	c := tinyConfig(t, "load_in_4bit=true")
	r, err := Rehearse(context.Background(), c)
	require.NoError(t, err)
	result := fineTune(t, c)
	require.Equal(t, result.Steps, r.Steps)
	tokens := 0
	for _, n := range tokensOf(t, c) {
		tokens += n
	}
	require.Equal(t, tokens, 2*r.Computed, "two epochs")
	// q_proj [64, 64] and down_proj [64, 172] of five layers, rank 4.
	require.Equal(t, 5*4*(64+64+64+172), r.Trained)
	require.Positive(t, r.Time)
	require.Less(t, r.Time, 10*time.Minute)

	whole, err := Rehearse(context.Background(), tinyConfig(t, "adapter=", "lora_r=0", "lora_alpha=0", "lora_target_modules=[]"))
	require.NoError(t, err)
	require.Equal(t, whole.Model.Parameters(), whole.Trained)
	require.EqualValues(t, 4*whole.Trained, whole.BaseBytes)
	require.Less(t, r.BaseBytes, whole.BaseBytes)
	require.Contains(t, r.String(), "0.01 million trained")
}
