package salamandra

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

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
