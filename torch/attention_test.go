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
		a := torch.SegmentAttention{Bounds: c.bounds, Causal: c.causal, Window: c.window}
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
