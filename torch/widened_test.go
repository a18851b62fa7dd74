package torch_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestSomeTokensThroughA16BitWeightGiveTheCompositesProduct(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	defer torch.SetKernelLevel("")
	g := torch.NewGenerator(3)
	for _, dtype := range []torch.DType{torch.BFloat16, torch.Float16} {
		for _, cols := range []int{1, 31, 64, 100, 1024} {
			for _, tokens := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 40, 64, 65} {
				s := torch.NewScope("test")
				x, w := g.Randn(s, torch.Float32CPU, tokens, cols), g.Randn(s, torch.Float32CPU, 300, cols).To(dtype)
				require.NoError(t, torch.SetKernelLevel("composite"))
				want := x.Linear(w, nil)
				for _, level := range []string{"portable", "avx2", "avx512", ""} {
					if torch.SetKernelLevel(level) != nil {
						continue // this machine does not have it
					}
					torchtest.Close(t, want.Floats(), x.Linear(w, nil).Floats(), 2e-6, "%s, %v, %d tokens of %d", level, dtype, tokens, cols)
					// Some rows give what all rows would, to the bit: choices among few words do not depend on the others.
					if tokens <= 8 {
						few := torch.FromSlice(s, []int64{7, 8, 299}, 3)
						require.Equal(t, x.Linear(w, nil).IndexSelect(1, few).Floats(), x.Linear(w.IndexSelect(0, few), nil).Floats())
					}
				}
				s.Close()
			}
		}
	}
}
