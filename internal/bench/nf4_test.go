package bench_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/internal/bench"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestNF4ReportsEveryProductAskedFor(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	var got []string
	err := bench.NF4(context.Background(), bench.NF4Options{
		Rows: 96, Cols: 128, Tokens: []int{1, 20}, Compute: []torch.DType{torch.Float32, torch.BFloat16},
	}, func(r bench.NF4Result) {
		require.Positive(t, r.Seconds)
		require.InEpsilon(t, 2*96*128*float64(r.Tokens)/1e9, r.GFLOPS*r.Seconds, 1e-6)
		if r.What == "few tokens" {
			require.InEpsilon(t, min(r.MemoryGBs, r.InCacheGBs), r.GBs/r.Share, 1e-6)
			require.Equal(t, 1, r.Tokens)
			return
		}
		require.InEpsilon(t, r.Dense, r.Ratio*r.Seconds, 1e-6)
		got = append(got, r.What+" "+r.Compute)
	})
	require.NoError(t, err)
	each := []string{"forward float32", "backward float32", "forward bfloat16", "backward bfloat16"}
	require.Equal(t, append(each, each...), got)

	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	err = bench.NF4(stopped, bench.NF4Options{Rows: 64, Cols: 64, Tokens: []int{1}, Compute: []torch.DType{torch.Float32}}, func(bench.NF4Result) {
		t.Error("a result after the context was cancelled")
	})
	require.ErrorIs(t, err, context.Canceled)
}
