package torch_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// The allocator (csrc/allocator.cc) keeps freed blocks, within bounds: an eighth of what was in use at once, at least 64 MiB.
func TestFreedMemoryIsKeptWithinBounds(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	if os.Getenv("AJOLOTE_KEEP_MEMORY") == "0" {
		t.Skip("AJOLOTE_KEEP_MEMORY=0")
	}
	const mib = 1 << 20
	resident := func() int64 {
		now, _, err := torch.Memory()
		require.NoError(t, err)
		return now
	}
	fill := func(n, bytes int) {
		s := torch.NewScope("test")
		defer s.Close()
		for range n {
			torch.Zeros(s, torch.Float32CPU, bytes/4)
		}
	}
	passTime := func() { // so many requests that earlier peaks are forgotten
		for range 40_000 {
			fill(1, 256<<10)
		}
	}
	passTime()
	before := resident()
	fill(64, 4*mib)
	require.GreaterOrEqual(t, resident(), before+190*mib, "nothing was kept")
	fill(85, 3*mib) // other sizes, in place of those kept
	require.LessOrEqual(t, resident(), before+(256+64+40)*mib)
	passTime()
	require.LessOrEqual(t, resident(), before+(64+40)*mib)
	fill(64, 4*mib)
	torch.ReleaseMemory()
	require.LessOrEqual(t, resident(), before+16*mib)
}

func TestTensorsOfAllSizesKeepTheirValues(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	for round := range 3 {
		s := torch.NewScope("test")
		var held []*torch.Tensor
		var sizes []int
		for n := 1; n < 9<<20; n += n/3 + 1 {
			held, sizes = append(held, torch.Full(s, float64(len(held)+round), torch.Float32CPU, n)), append(sizes, n)
		}
		for i, tensor := range held {
			require.Equal(t, float64(i+round)*float64(sizes[i]), tensor.To(torch.Float64).Sum().Item(), "size %d", sizes[i])
		}
		s.Close()
	}
}
