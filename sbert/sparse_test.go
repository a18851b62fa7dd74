package sbert_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// wordGradients are those of the word table after a step: the rows that are not zero by their numbers.
func wordGradients(t *testing.T, sparse bool, miniBatch int) map[int][]float32 {
	m, err := sbert.Load(context.Background(), "testdata/model", bert.LoadOptions{})
	require.NoError(t, err)
	defer m.Free()
	words := m.Encoder.Words
	words.Sparse = sparse
	words.Weight.SetRequiresGrad(true)
	columns := make([][][]int32, 2)
	for i, texts := range [][]string{{"a first text", "another one", "and a third"}, {"what it says", "what the other says", "a text of its own"}} {
		columns[i], err = m.Tokenize(texts)
		require.NoError(t, err)
	}
	rows := map[int][]float32{}
	require.NoError(t, torch.Run(func() error {
		stepper := sbert.Stepper{Model: m, Loss: sbert.MultipleNegativesRanking{}, MiniBatch: miniBatch}
		_, err := stepper.Step(context.Background(), columns, sbert.Targets{})
		if err != nil {
			return err
		}
		s := torch.NewScope("gradient")
		defer s.Close()
		size := words.Weight.Dim(1)
		if !sparse {
			all := words.Weight.Grad(s).Floats()
			for i := range words.Weight.Dim(0) {
				row := all[i*size : (i+1)*size]
				for _, x := range row {
					if x != 0 {
						rows[i] = row
						break
					}
				}
			}
			return nil
		}
		at, values := torch.SparseGrad(s, words.Weight)
		all := values.Floats()
		for i, row := range torch.ToSlice[int64](at) {
			rows[int(row)] = all[i*size : (i+1)*size]
		}
		return nil
	}))
	return rows
}

func TestTheSparseGradientOfTheWordsIsTheDenseOne(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	want := wordGradients(t, false, 0)
	require.NotEmpty(t, want)
	for _, miniBatch := range []int{0, 2} {
		got := wordGradients(t, true, miniBatch)
		require.Len(t, got, len(want))
		for row, values := range want {
			torchtest.Close(t, values, got[row], 1e-5, "row %d, mini-batches of %d", row, miniBatch)
		}
	}
}
