package torch_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// generation is a case of attention in generation: sequences with a past and new tokens.
type generation struct {
	heads, groups, size int
	past, fresh         []int
	prefix, window      int
	caches              torch.DType
}

// run computes a case, or only sequence `only` of it where that is not negative; from the same numbers each time.
func (c generation) run(s *torch.Scope, only int) (out []float32, caches [][]float32) {
	g := torch.NewGenerator(17)
	randn := func(rows, heads int) *torch.Tensor { return g.Randn(s, torch.Float32CPU, rows, heads, c.size) }
	a := torch.CachedAttention{Bounds: []int{0}, Window: c.window}
	if c.prefix > 0 {
		a.PrefixK, a.PrefixV = randn(c.prefix, c.groups).To(c.caches), randn(c.prefix, c.groups).To(c.caches)
	}
	var q, k, v []*torch.Tensor
	for i := range c.past {
		var pair []*torch.Tensor
		for range 2 { // one layout of caches by token, one by head
			cache := randn(c.past[i]+c.fresh[i]+3, c.groups).To(c.caches)
			if i%2 == 1 {
				cache = cache.Transpose(0, 1).Contiguous().Transpose(0, 1)
			}
			pair = append(pair, cache)
		}
		newQ, newK, newV := randn(c.fresh[i], c.heads), randn(c.fresh[i], c.groups), randn(c.fresh[i], c.groups)
		if only >= 0 && i != only {
			continue
		}
		q, k, v = append(q, newQ), append(k, newK), append(v, newV)
		a.CacheK, a.CacheV = append(a.CacheK, pair[0]), append(a.CacheV, pair[1])
		a.Lengths = append(a.Lengths, c.past[i])
		a.Bounds = append(a.Bounds, a.Bounds[len(a.Bounds)-1]+c.fresh[i])
	}
	out = a.Apply(torch.Cat(0, q...), torch.Cat(0, k...), torch.Cat(0, v...)).Floats()
	for i := range a.CacheK {
		caches = append(caches, a.CacheK[i].Floats(), a.CacheV[i].Floats())
	}
	return out, caches
}

func generations() []generation {
	f32 := torch.Float32
	return []generation{
		{4, 4, 64, []int{0}, []int{1}, 0, 0, f32},
		{16, 4, 64, []int{1024}, []int{1}, 0, 0, f32},
		{6, 2, 8, []int{255, 256, 257, 0}, []int{1, 1, 2, 17}, 0, 0, f32},
		{8, 1, 16, []int{3, 600}, []int{5, 1}, 300, 0, f32},
		{3, 1, 80, []int{0, 31, 5}, []int{3, 1, 4}, 513, 0, f32},
		{4, 2, 128, []int{40, 0}, []int{2, 9}, 0, 7, f32},
		{4, 2, 48, []int{400, 10}, []int{3, 2}, 300, 290, f32},
		{4, 2, 32, []int{100, 0}, []int{70, 130}, 20, 0, f32},
		{4, 2, 32, []int{100, 0}, []int{70, 130}, 20, 50, f32},
		{2, 1, 12, []int{9}, []int{3}, 4, 0, f32},
		{16, 4, 64, []int{300, 2}, []int{1, 2}, 260, 0, torch.BFloat16},
		{4, 4, 24, []int{300, 2}, []int{1, 70}, 260, 0, torch.Float16},
	}
}

func TestAttentionInGenerationIsOneSoftmaxAtEveryKernelLevel(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	defer torch.SetKernelLevel("")
	for _, c := range generations() {
		s := torch.NewScope("test")
		require.NoError(t, torch.SetKernelLevel("composite"))
		want, caches := c.run(s, -1)
		for _, level := range levels(t)[1:] {
			require.NoError(t, torch.SetKernelLevel(level))
			got, appended := c.run(s, -1)
			torchtest.Close(t, want, got, 3e-6, "%s, %+v", level, c)
			require.Equal(t, caches, appended, "%s, %+v", level, c)
		}
		s.Close()
	}
}

func TestASequenceGetsTheSameNumbersBesideOthersAndOnAnyNumberOfThreads(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	threads, err := torch.Threads()
	require.NoError(t, err)
	defer func() {
		require.NoError(t, torch.SetKernelLevel(""))
		require.NoError(t, torch.SetThreads(threads))
	}()
	for _, level := range levels(t)[1:] {
		require.NoError(t, torch.SetKernelLevel(level))
		for _, c := range generations() {
			if slices.Max(c.fresh) >= 64 { // flash attention takes part
				continue
			}
			t.Run(fmt.Sprintf("%s %+v", level, c), func(t *testing.T) {
				s := torch.NewScope("test")
				defer s.Close()
				require.NoError(t, torch.SetThreads(1))
				together, _ := c.run(s, -1)
				require.NoError(t, torch.SetThreads(3))
				again, _ := c.run(s, -1)
				require.Equal(t, together, again)
				at := 0
				for i := range c.past {
					alone, _ := c.run(s, i)
					require.Equal(t, together[at:at+len(alone)], alone, "sequence %d", i)
					at += len(alone)
				}
			})
		}
	}
}
