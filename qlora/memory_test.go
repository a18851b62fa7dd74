package qlora_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// A matrix of 8192 x 8192 is 268 MB as float32 and 38 MB in NF4: forward and backward stay far below the former.
func TestTheWeightIsNeverDecodedWhole(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	if r, err := torch.Describe(); err != nil || r.KernelLevel == "composite" {
		t.Skip("the composite decodes the weight, and only it")
	}
	const size, allowed = 8192, 96 << 20
	require.NoError(t, torch.Run(func() error {
		s := torch.NewScope("test")
		defer s.Close()
		w := &qlora.Weight{
			NF4: torch.NF4{
				Codes:  torch.Full(s, 0x3a, torch.Options{DType: torch.Uint8, Device: torch.CPU}, size*size/2, 1),
				Absmax: torch.Ones(s, torch.Float32CPU, size*size/64), BlockSize: 64, Rows: size, Cols: size,
			},
			Shape: []int{size, size}, DType: torch.Float32,
		}
		for _, tokens := range []int{1, 40} {
			x := torch.Ones(s, torch.Float32CPU, tokens, size).SetRequiresGrad(true)
			before, _, err := torch.Memory()
			require.NoError(t, err)
			(&qlora.Linear{Weight: w}).Forward(x).Sum().Backward()
			_, peak, err := torch.Memory()
			require.NoError(t, err)
			require.Less(t, peak-before, int64(allowed), "%d tokens", tokens)
		}
		return nil
	}))
}

func TestOneLayerServesManyGoroutines(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	w, err := qlora.Quantize("w", torch.NewGenerator(4).Randn(s, torch.Float32CPU, 192, 256), qlora.Options{DoubleQuant: true})
	require.NoError(t, err)
	layer := &qlora.Linear{Weight: w}
	forward := func() (y []float32) {
		s := torch.NewScope("goroutine")
		defer s.Close()
		return layer.Forward(torch.NewGenerator(3).Randn(s, torch.Float32CPU, 20, 256)).Floats()
	}
	want := forward()
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 20 {
				if got := forward(); len(got) != len(want) || got[0] != want[0] || got[len(got)-1] != want[len(want)-1] {
					t.Error("another result than alone")
				}
			}
		})
	}
	wait.Wait()
	w.Free()
	s.Close()
}
