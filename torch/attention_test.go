package torch_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// attended is one case of attention over segments.
type attended struct {
	name                        string
	bounds                      []int
	heads, groups, size, prefix int
	causal                      bool
	window                      int
	factor                      float64 // of q; 0 is 1
	dropout                     float64
}

var attendedCases = []attended{
	{name: "one token", bounds: []int{0, 1}, heads: 2, groups: 1, size: 16, causal: true},
	{name: "odd lengths and an empty segment", bounds: []int{0, 1, 16, 16, 33, 1056}, heads: 4, groups: 2, size: 32, causal: true},
	{name: "the same behind a prefix", bounds: []int{0, 1, 16, 16, 33, 433}, heads: 4, groups: 2, size: 32, prefix: 17, causal: true},
	{name: "a prefix of several bands", bounds: []int{0, 15, 240}, heads: 4, groups: 1, size: 64, prefix: 1023, causal: true},
	{name: "an encoder's texts", bounds: []int{0, 7, 7, 23, 40, 340}, heads: 3, groups: 3, size: 64},
	{name: "an encoder behind a prefix", bounds: []int{0, 5, 70}, heads: 2, groups: 2, size: 16, prefix: 33},
	{name: "a long text", bounds: []int{0, 1023}, heads: 2, groups: 2, size: 16},
	{name: "a size that fills no vector", bounds: []int{0, 40, 90}, heads: 6, groups: 2, size: 9, prefix: 11, causal: true},
	{name: "heads of 80", bounds: []int{0, 130}, heads: 2, groups: 2, size: 80, causal: true},
	{name: "heads of 256", bounds: []int{0, 70, 200}, heads: 2, groups: 1, size: 256, prefix: 20, causal: true},
	{name: "71 heads over one", bounds: []int{0, 3, 20}, heads: 71, groups: 1, size: 16, prefix: 5, causal: true},
	{name: "7 heads over one", bounds: []int{0, 50, 100}, heads: 14, groups: 2, size: 32, causal: true},
	{name: "a window", bounds: []int{0, 300, 350}, heads: 4, groups: 2, size: 32, causal: true, window: 37},
	{name: "a window that leaves the prefix behind", bounds: []int{0, 300}, heads: 2, groups: 2, size: 32, prefix: 200, causal: true, window: 150},
	{name: "a window of one", bounds: []int{0, 20}, heads: 2, groups: 2, size: 16, prefix: 3, causal: true, window: 1},
	{name: "scores far apart", bounds: []int{0, 60}, heads: 2, groups: 2, size: 16, prefix: 150, causal: true, factor: 60},
	{name: "dropout in an encoder's texts", bounds: []int{0, 7, 7, 23, 40, 340}, heads: 3, groups: 3, size: 64, dropout: 0.1},
	{name: "dropout in a text of several bands", bounds: []int{0, 1023}, heads: 2, groups: 2, size: 16, dropout: 0.5},
	{name: "dropout with 7 heads over one", bounds: []int{0, 50, 100}, heads: 14, groups: 2, size: 32, causal: true, dropout: 0.3},
	{name: "dropout in a window", bounds: []int{0, 300, 350}, heads: 4, groups: 2, size: 32, causal: true, window: 37, dropout: 0.2},
}

// numbers gives the result and the gradient of every input, the inputs being of a type.
func (c attended) numbers(dtype torch.DType) [][]float32 {
	return allNumbers(func(s *torch.Scope, g *torch.Generator) (leaves, outs []*torch.Tensor) {
		tokens := c.bounds[len(c.bounds)-1]
		make := func(factor float64, shape ...int) *torch.Tensor {
			// Rounded to bfloat16 whatever the type, so that every type has the same numbers.
			x := large(s, g, shape...).MulScalar(factor).To(torch.BFloat16).To(dtype).SetRequiresGrad(true)
			leaves = append(leaves, x)
			return x
		}
		q, k, v := make(max(c.factor, 1), tokens, c.heads, c.size), make(1, tokens, c.groups, c.size), make(1, tokens, c.groups, c.size)
		a := torch.SegmentAttention{Bounds: c.bounds, Causal: c.causal, Window: c.window, Dropout: c.dropout, Seed: 3, Stream: 4, FirstRow: 5}
		if c.prefix > 0 {
			a.PrefixK, a.PrefixV = make(1, c.prefix, c.groups, c.size), make(1, c.prefix, c.groups, c.size)
		}
		return leaves, []*torch.Tensor{a.Apply(q, k, v).To(torch.Float32)}
	})
}

// The reference is the composite in float64: one softmax over a matrix of all scores.
func TestAttentionInTilesIsThePlainSoftmaxAtEveryKernelLevel(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	defer func() { require.NoError(t, torch.SetKernelLevel("")) }()
	for _, c := range attendedCases {
		t.Run(c.name, func(t *testing.T) {
			require.NoError(t, torch.SetKernelLevel("composite"))
			want := c.numbers(torch.Float64)
			for _, level := range levels(t) {
				require.NoError(t, torch.SetKernelLevel(level))
				for dtype, tolerance := range map[torch.DType]float64{torch.Float32: 5e-6 * max(c.factor, 1), torch.Float16: 4e-3 * max(c.factor, 1), torch.BFloat16: 2e-2} {
					if c.factor > 1 && dtype != torch.Float32 {
						continue // rounded scores of that size are other scores
					}
					got := c.numbers(dtype)
					for i := range want {
						torchtest.Close(t, want[i], got[i], tolerance, "%s, %s: number %d", level, dtype, i)
					}
				}
			}
		})
	}
}

func TestAttentionDoesNotDependOnTheThreads(t *testing.T) {
	torchtest.Need(t)
	before, err := torch.Threads()
	require.NoError(t, err)
	defer func() { require.NoError(t, torch.SetThreads(before)) }()
	for _, c := range attendedCases {
		for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16} {
			require.NoError(t, torch.SetThreads(1))
			alone := c.numbers(dtype)
			require.NoError(t, torch.SetThreads(3))
			for range 3 {
				require.Equal(t, alone, c.numbers(dtype), "%s, %s", c.name, dtype)
			}
		}
	}
}

// With scores of zero and the identity for values, what comes out of attention is its probabilities.
func TestDropoutOfAttentionHasTheMaskOfCounterDropout(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	const heads, size, p = 3, 256, 0.1
	bounds := []int{0, 256, 300, 500}
	s := torch.NewScope("test")
	defer s.Close()
	defer func() { require.NoError(t, torch.SetKernelLevel("")) }()
	for _, level := range levels(t) {
		require.NoError(t, torch.SetKernelLevel(level))
		kept := 0
		for i := range len(bounds) - 1 {
			from, n := bounds[i], bounds[i+1]-bounds[i]
			identity := make([]float32, n*heads*size)
			for key := range n {
				for head := range heads {
					identity[(key*heads+head)*size+key] = float32(n) * (1 - p)
				}
			}
			zeros := torch.Zeros(s, torch.Options{DType: torch.Float32, Device: torch.CPU}, n, heads, size)
			attention := torch.SegmentAttention{Bounds: []int{0, n}, Dropout: p, Seed: 1, Stream: 2, FirstRow: from}
			got := attention.Apply(zeros, zeros, torch.FromSlice(s, identity, n, heads, size)).Narrow(2, 0, n).Reshape(n*heads, n)
			ones := zeros.Narrow(2, 0, n).AddScalar(1).Reshape(n*heads, n)
			want := ones.CounterDropout(p, 1, 2, from*heads).MulScalar(1 - p)
			torchtest.Close(t, want.Floats(), got.Floats(), 1e-6, "%s, text %d", level, i)
			for _, x := range got.Floats() {
				if x != 0 {
					kept++
				}
			}
		}
		drawn := float64(heads * (256*256 + 44*44 + 200*200))
		require.InDelta(t, 1-p, float64(kept)/drawn, 4*math.Sqrt(p*(1-p)/drawn), level)
	}
}

func TestANotANumberInAttentionStaysOne(t *testing.T) {
	torchtest.Need(t)
	for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16} {
		require.NoError(t, torch.Run(func() error {
			s := torch.NewScope("test")
			defer s.Close()
			g := torch.NewGenerator(1)
			q, k := large(s, g, 40, 2, 16).To(dtype), large(s, g, 40, 2, 16).To(dtype)
			v := k.Add(torch.FromSlice(s, []float32{float32(math.NaN())}, 1).To(dtype))
			out := torch.SegmentAttention{Bounds: []int{0, 40}, Causal: true}.Apply(q, v, k)
			for i, x := range out.To(torch.Float32).Floats() {
				require.True(t, x != x, "%s: number %d is %g", dtype, i, x)
			}
			return nil
		}))
	}
}
