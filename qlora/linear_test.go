package qlora_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// adapted is a quantised or dense base with a low-rank term on it.
type adapted struct {
	nn.Linear
	term *nn.LowRank
}

func (a adapted) Parts() (nn.Linear, *nn.LowRank) { return a.Linear, a.term }

// layer describes one projection of a test.
type layer struct {
	out, rank int // rank 0: no adapter
	bias      bool
	dropout   float64
}

// projection is a set of layers over one input, in NF4 and, decoded, as dense layers.
type projection struct {
	quantised, dense []nn.Linear
	trained          map[string]*torch.Tensor
	free             []*qlora.Weight
}

func newProjection(t *testing.T, s *torch.Scope, in int, layers []layer, o qlora.Options, compute torch.DType) *projection {
	g := torch.NewGenerator(11)
	random := func(scale float64, shape ...int) *torch.Tensor {
		return g.Randn(s, torch.Float32CPU, shape...).MulScalar(scale).Detach()
	}
	clock := &nn.Clock{Training: true, Seed: 5, Step: 3, Row: 17}
	p := &projection{trained: map[string]*torch.Tensor{}}
	for i, l := range layers {
		w, err := qlora.Quantize("w", random(0.05, l.out, in), o)
		require.NoError(t, err)
		p.free = append(p.free, w)
		rounded, err := w.Dequantize(s, max(compute, torch.Float32))
		require.NoError(t, err)
		var bias *torch.Tensor
		if l.bias {
			bias = random(1, l.out).SetRequiresGrad(true)
			p.trained[fmt.Sprint("bias", i)] = bias
		}
		var q, d nn.Linear = &qlora.Linear{Weight: w, Bias: bias, Compute: compute}, &nn.Dense{Weight: rounded.To(torch.Float32), Bias: bias}
		if l.rank > 0 {
			term := &nn.LowRank{A: random(0.1, l.rank, in).SetRequiresGrad(true), B: random(0.1, l.out, l.rank).SetRequiresGrad(true), Scale: 1.7}
			if l.dropout > 0 {
				term.Dropout = &nn.Dropout{P: l.dropout, Layer: uint64(i), Clock: clock}
			}
			p.trained[fmt.Sprint("A", i)], p.trained[fmt.Sprint("B", i)] = term.A, term.B
			q, d = adapted{q, term}, adapted{d, term}
		}
		p.quantised, p.dense = append(p.quantised, q), append(p.dense, d)
	}
	return p
}

// results runs forward and backward and returns outputs and gradients by name.
func (p *projection) results(s *torch.Scope, x *torch.Tensor, layers []nn.Linear) map[string][]float32 {
	r := map[string][]float32{}
	x = x.Detach().SetRequiresGrad(true)
	var loss *torch.Tensor
	for i, y := range nn.Project(x, layers...) {
		r[fmt.Sprint("y", i)] = y.Floats()
		part := y.Mul(y.Detach().Sin().AddScalar(float64(i))).Sum()
		if loss == nil {
			loss = part
		} else {
			loss = loss.Add(part)
		}
	}
	torch.ZeroGrad(values(p.trained))
	loss.Backward()
	r["dx"] = x.Grad(s).Floats()
	for name, t := range p.trained {
		r["d"+name] = t.Grad(s).Floats()
	}
	return r
}

func values(m map[string]*torch.Tensor) []*torch.Tensor {
	var list []*torch.Tensor
	for _, t := range m {
		list = append(list, t)
	}
	return list
}

func TestProjectionsEqualDenseLayersOverTheDecodedWeights(t *testing.T) {
	double := qlora.Options{DoubleQuant: true}
	cases := []struct {
		name    string
		tokens  []int
		in      int
		options qlora.Options
		layers  []layer
	}{
		{"one token", []int{1, 1}, 128, double, []layer{{out: 192}}},
		{"a few tokens", []int{1, 7}, 192, qlora.Options{}, []layer{{out: 64, rank: 8}}},
		{"query, key and value", []int{2, 35}, 256, double, []layer{{out: 256, rank: 16}, {out: 64, rank: 16}, {out: 64, rank: 8}}},
		{"gate and up with bias", []int{300}, 128, qlora.Options{}, []layer{{out: 320, bias: true}, {out: 320, bias: true, rank: 4}}},
		{"dropout", []int{90}, 320, double, []layer{{out: 128, rank: 8, dropout: 0.3}, {out: 128, rank: 8}, {out: 64, rank: 4, dropout: 0.05}}},
		{"rows that are no whole blocks", []int{33}, 100, double, []layer{{out: 50, rank: 3, bias: true}}},
		{"odd sizes", []int{5}, 33, qlora.Options{}, []layer{{out: 7, rank: 2}, {out: 9}}},
		{"other blocks", []int{70}, 256, qlora.Options{BlockSize: 256, DoubleQuant: true}, []layer{{out: 96, rank: 8}}},
		{"small blocks", []int{70}, 96, qlora.Options{BlockSize: 32}, []layer{{out: 96, rank: 8}}},
		{"several panels and tiles", []int{523}, 640, double, []layer{{out: 704, rank: 24}, {out: 72, rank: 40}}},
	}
	atEveryLevel(t, func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				torchtest.NoLeaks(t)
				require.NoError(t, torch.Run(func() error {
					s := torch.NewScope("test")
					defer s.Close()
					p := newProjection(t, s, c.in, c.layers, c.options, 0)
					x := torch.NewGenerator(3).Randn(s, torch.Float32CPU, append(c.tokens, c.in)...)
					want, got := p.results(s, x, p.dense), p.results(s, x, p.quantised)
					for name := range want {
						torchtest.Close(t, want[name], got[name], 2e-5, "%s", name)
					}
					for _, w := range p.free {
						w.Free()
					}
					return nil
				}))
			})
		}
	})
}

// In 16-bit types the factors are rounded, the sums are not: the results are near the dense ones over the rounded weights,
// whether the CPU multiplies such numbers itself or they are multiplied as float32.
func TestComputeTypesRoundTheFactorsAlone(t *testing.T) {
	tolerance := map[torch.DType]float64{torch.BFloat16: 2e-2, torch.Float16: 3e-3}
	atEveryLevel(t, func(t *testing.T) {
		for compute, near := range tolerance {
			for _, tokens := range []int{1, 6, 77} {
				t.Run(fmt.Sprintf("%s/%d tokens", compute, tokens), func(t *testing.T) {
					torchtest.NoLeaks(t)
					require.NoError(t, torch.Run(func() error {
						s := torch.NewScope("test")
						defer s.Close()
						p := newProjection(t, s, 320, []layer{{out: 300, rank: 8, bias: true}, {out: 64}}, qlora.Options{DoubleQuant: true}, compute)
						x := torch.NewGenerator(3).Randn(s, torch.Float32CPU, tokens, 320)
						want, got := p.results(s, x, p.dense), p.results(s, x, p.quantised)
						for name := range want {
							torchtest.Close(t, want[name], got[name], near, "%s", name)
						}
						for _, w := range p.free {
							w.Free()
						}
						return nil
					}))
				})
			}
		}
	})
}

func TestResultsHaveTheTypeOfTheInput(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		torchtest.NoLeaks(t)
		require.NoError(t, torch.Run(func() error {
			s := torch.NewScope("test")
			defer s.Close()
			w, err := qlora.Quantize("w", torch.NewGenerator(4).Randn(s, torch.Float32CPU, 96, 64), qlora.Options{})
			require.NoError(t, err)
			defer w.Free()
			for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16, torch.Float16} {
				for _, tokens := range []int{1, 40} {
					x := torch.NewGenerator(3).Randn(s, torch.Float32CPU, tokens, 64).To(dtype).Detach().SetRequiresGrad(true)
					y := (&qlora.Linear{Weight: w}).Forward(x)
					require.Equal(t, dtype, y.DType())
					y.Sum().Backward()
					require.Equal(t, dtype, x.Grad(s).DType())
				}
			}
			return nil
		}))
	})
}

// The result of a kernel must not depend on how its rows are shared out.
func TestThreadsDoNotChangeABit(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	threads, err := torch.Threads()
	require.NoError(t, err)
	defer func() { require.NoError(t, torch.SetThreads(threads)) }()
	require.NoError(t, torch.Run(func() error {
		s := torch.NewScope("test")
		defer s.Close()
		p := newProjection(t, s, 512, []layer{{out: 704}, {out: 72}}, qlora.Options{DoubleQuant: true}, 0)
		for _, tokens := range []int{1, 8, 9, 40, 300} {
			x := torch.NewGenerator(3).Randn(s, torch.Float32CPU, tokens, 512)
			var first map[string][]float32
			for n := 1; n <= 4; n++ {
				require.NoError(t, torch.SetThreads(n))
				got := p.results(s, x, p.quantised)
				if first == nil {
					first = got
				}
				require.Equal(t, first, got, "%d tokens with %d threads", tokens, n)
			}
		}
		for _, w := range p.free {
			w.Free()
		}
		return nil
	}))
}

// Up to 64 tokens have kernels of their own, for bands of rows and a last shorter one, and for a last single unit of columns.
func TestEveryNumberOfTokensGivesTheDenseProduct(t *testing.T) {
	every := []int{32, 33, 47, 48, 49, 63, 64, 65}
	for tokens := 1; tokens <= 20; tokens++ {
		every = append(every, tokens)
	}
	atEveryLevel(t, func(t *testing.T) {
		torchtest.NoLeaks(t)
		require.NoError(t, torch.Run(func() error {
			s := torch.NewScope("test")
			defer s.Close()
			p := newProjection(t, s, 192, []layer{{out: 71, bias: true}, {out: 33, rank: 5}}, qlora.Options{DoubleQuant: true}, 0)
			for _, tokens := range every {
				x := torch.NewGenerator(uint64(tokens)).Randn(s, torch.Float32CPU, tokens, 192)
				want, got := nn.Project(x, p.dense...), nn.Project(x, p.quantised...)
				for i := range want {
					torchtest.Close(t, want[i].Floats(), got[i].Floats(), 5e-6, "%d tokens, projection %d", tokens, i)
				}
			}
			for _, w := range p.free {
				w.Free()
			}
			return nil
		}))
	})
}

// A few tokens are multiplied in float32 whatever type is asked for; more have the product of the rounded factors, its sums in
// float32.
func TestSixteenBitFactorsAreRoundedFromNineTokensOn(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	require.NoError(t, torch.Run(func() error {
		s := torch.NewScope("test")
		defer s.Close()
		for _, block := range []int{64, 128} {
			w, err := qlora.Quantize("w", torch.NewGenerator(4).Randn(s, torch.Float32CPU, 99, 448), qlora.Options{BlockSize: block, DoubleQuant: true})
			require.NoError(t, err)
			defer w.Free()
			dense, err := w.Dequantize(s, torch.Float32)
			require.NoError(t, err)
			for _, compute := range []torch.DType{torch.BFloat16, torch.Float16} {
				l := &qlora.Linear{Weight: w, Compute: compute}
				round := func(x *torch.Tensor) *torch.Tensor { return x.To(compute).To(torch.Float32) }
				for _, tokens := range []int{1, 2, 4, 8, 9, 16, 30, 33, 50, 64, 70} {
					x := torch.NewGenerator(uint64(tokens)).Randn(s, torch.Float32CPU, tokens, 448)
					want := round(x).Linear(round(dense), nil)
					if tokens <= 8 {
						want = x.Linear(dense, nil)
					}
					torchtest.Close(t, want.Floats(), l.Forward(x).Floats(), 5e-6, "%v, %d tokens, blocks of %d", compute, tokens, block)
				}
			}
		}
		return nil
	}))
}
