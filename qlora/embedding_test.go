package qlora_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestEmbeddingLooksUpRowsOfTheDecodedTable(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		torchtest.NoLeaks(t)
		s := torch.NewScope("test")
		defer s.Close()
		table := torch.NewGenerator(4).Randn(s, torch.Float32CPU, 300, 128)
		for _, o := range []qlora.Options{{}, {DoubleQuant: true}} {
			w, err := qlora.Quantize("table", table, o)
			require.NoError(t, err)
			ids := torch.FromSlice(s, []int64{299, 0, 7, 7, 131, 64}, 2, 3)
			decoded, err := w.Dequantize(s, torch.Float32)
			require.NoError(t, err)
			got := (&qlora.Embedding{Weight: w}).Forward(ids)
			require.Equal(t, []int{2, 3, 128}, got.Shape())
			require.Equal(t, torch.Embedding(decoded, ids).Floats(), got.Floats())
			half := (&qlora.Embedding{Weight: w, DType: torch.BFloat16}).Forward(ids)
			require.Equal(t, torch.Embedding(decoded.To(torch.BFloat16), ids).Floats(), half.Floats())
			for _, bad := range []int64{-1, 300} {
				require.Error(t, torch.Run(func() error {
					(&qlora.Embedding{Weight: w}).Forward(torch.FromSlice(s, []int64{0, bad}, 2))
					return nil
				}), "id %d of 300 rows", bad)
			}
			w.Free()
		}
	})
}

func TestEmbeddingOfPartialBlocksIsRefused(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	w, err := qlora.Quantize("table", torch.NewGenerator(4).Randn(s, torch.Float32CPU, 10, 96), qlora.Options{})
	require.NoError(t, err)
	defer w.Free()
	err = torch.Run(func() error {
		(&qlora.Embedding{Weight: w}).Forward(torch.FromSlice(s, []int64{1}, 1))
		return nil
	})
	require.ErrorContains(t, err, "whole blocks of 64, not 96 columns")
}
