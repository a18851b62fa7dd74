package torch_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
)

func TestBackwardOfAProductGivesTheOtherFactor(t *testing.T) {
	before := torch.LiveTensors()
	s := torch.NewScope("test")
	a := torch.FromSlice(s, []float32{1, 2, 3}, 3).SetRequiresGrad(true)
	b := torch.FromSlice(s, []float32{4, 5, 6}, 3)
	a.Mul(b).Sum().Backward()
	require.Equal(t, []float32{4, 5, 6}, torch.ToSlice[float32](a.Grad(s)))
	s.Close()
	require.Equal(t, before, torch.LiveTensors())
}

func BenchmarkAddOfOneElement(b *testing.B) {
	s := torch.NewScope("bench")
	x := torch.FromSlice(s, []float32{1}, 1)
	b.ReportAllocs()
	for b.Loop() {
		x.Add(x).Free()
	}
	s.Close()
}
