package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestAnAnswerIsExactWhenEveryTokenIs(t *testing.T) {
	var s score
	s.add([]int{-100, -100, 7, 8}, []int64{0, 7, 8, 0})
	s.add([]int{-100, 7, 8}, []int64{7, 9, 0})
	assert.Equal(t, score{answers: 2, exact: 1, tokens: 4, right: 3}, s)
	assert.Equal(t, .5, s.exactShare())
	assert.Equal(t, .75, s.tokenShare())
}

// A smaller sample than the gate's: the base that is shipped repeats and copies.
func TestTheShippedBaseCopies(t *testing.T) {
	torchtest.Need(t)
	scores, err := measure(context.Background(), "../../demo/base", 300, 78)
	require.NoError(t, err)
	assert.Greater(t, scores["repeat"].tokenShare(), .97)
	assert.Greater(t, scores["copy"].tokenShare(), .97)
}
