package torch_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

var fused = map[string]func(g golden, in []*torch.Tensor) []*torch.Tensor{
	"RMSNorm": one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].RMSNorm(in[1], g.float(0)) }),
	"AddRMSNorm": func(g golden, in []*torch.Tensor) []*torch.Tensor {
		sum, normed := torch.AddRMSNorm(in[0], in[1], in[2], g.float(0))
		return []*torch.Tensor{sum, normed}
	},
	"Rotary": one(func(_ golden, in []*torch.Tensor) *torch.Tensor { return in[0].Rotary(in[1], in[2]) }),
	"SwiGLU": binary(torch.SwiGLU),
	"LinearCrossEntropy": one(func(g golden, in []*torch.Tensor) *torch.Tensor {
		return in[0].LinearCrossEntropy(in[1], in[2], g.float(0), g.Ints[0])
	}),
	"SegmentAttention": one(func(g golden, in []*torch.Tensor) *torch.Tensor {
		a := torch.SegmentAttention{Window: g.Ints[0], Bounds: g.Ints[1:], Causal: g.Flag, Scale: g.float(0), PrefixK: optional(in, 3), PrefixV: optional(in, 4)}
		return a.Apply(in[0], in[1], in[2])
	}),
	"CounterDropout": one(func(g golden, in []*torch.Tensor) *torch.Tensor {
		return in[0].CounterDropout(g.float(0), uint64(g.Ints[0]), uint64(g.Ints[1]), g.Ints[2])
	}),
}

// The plain formulas round every intermediate to 16 bits, the operations only some.
var fusedTolerances = map[torch.DType]float64{torch.Float32: 2e-6, torch.BFloat16: 1.6e-2}

// levels are the kernel levels that this CPU has.
func levels(t *testing.T) []string {
	runtime, err := torch.Describe()
	require.NoError(t, err)
	var have []string
	for _, level := range []string{"composite", "portable", "avx2", "avx512", "avx512bf16"} {
		have = append(have, level)
		if level == runtime.CPULevel {
			return have
		}
	}
	t.Fatalf("kernel level %q is not known to this test", runtime.CPULevel)
	return nil
}

func TestFusedOperationsAgreeWithPlainFormulasAtEveryKernelLevel(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	cases := readCases(t, "testdata/fused.json")
	file := torch.NewScope("goldens")
	defer file.Close()
	tensors := torchtest.Goldens(t, file, "testdata/fused.safetensors")
	covered := map[string]bool{}
	defer func() { require.NoError(t, torch.SetKernelLevel("")) }()
	for _, level := range levels(t) {
		require.NoError(t, torch.SetKernelLevel(level))
		for i, g := range cases {
			covered[g.Op] = true
			t.Run(fmt.Sprintf("%s %d %s %s", level, i, g.Op, g.Note), func(t *testing.T) {
				check := func() error { checkGolden(t, file.Child("case"), tensors, g, fusedTolerances, fused[g.Op]); return nil }
				require.NoError(t, torch.Run(check))
			})
		}
	}
	for name := range fused {
		require.True(t, covered[name], "testdata/fused.py has no case for %s", name)
	}
}

// large makes numbers for which every kernel runs in several pieces of work.
func large(s *torch.Scope, g *torch.Generator, shape ...int) *torch.Tensor {
	return g.Randn(s, torch.Float32CPU, shape...)
}

func TestKernelLevelsAgreeOnLargeTensors(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	operations := map[string]func(s *torch.Scope, g *torch.Generator) (leaves, outs []*torch.Tensor){
		"RMSNorm": func(s *torch.Scope, g *torch.Generator) (leaves, outs []*torch.Tensor) {
			x, w := large(s, g, 300, 517).SetRequiresGrad(true), large(s, g, 517).SetRequiresGrad(true)
			return []*torch.Tensor{x, w}, []*torch.Tensor{x.RMSNorm(w, 1e-6)}
		},
		"AddRMSNorm": func(s *torch.Scope, g *torch.Generator) (leaves, outs []*torch.Tensor) {
			x, y, w := large(s, g, 300, 517).SetRequiresGrad(true), large(s, g, 300, 517).SetRequiresGrad(true), large(s, g, 517).SetRequiresGrad(true)
			sum, normed := torch.AddRMSNorm(x, y, w, 1e-6)
			return []*torch.Tensor{x, y, w}, []*torch.Tensor{sum, normed}
		},
		"Rotary": func(s *torch.Scope, g *torch.Generator) (leaves, outs []*torch.Tensor) {
			x, angles := large(s, g, 200, 8, 66).SetRequiresGrad(true), large(s, g, 200, 33)
			return []*torch.Tensor{x}, []*torch.Tensor{x.Rotary(angles.Cos(), angles.Sin())}
		},
		"SwiGLU": func(s *torch.Scope, g *torch.Generator) (leaves, outs []*torch.Tensor) {
			gate, up := large(s, g, 300, 517).SetRequiresGrad(true), large(s, g, 300, 517).SetRequiresGrad(true)
			return []*torch.Tensor{gate, up}, []*torch.Tensor{torch.SwiGLU(gate.MulScalar(5), up)}
		},
		"AddLayerNorm": func(s *torch.Scope, g *torch.Generator) (leaves, outs []*torch.Tensor) {
			x, y := large(s, g, 300, 517).SetRequiresGrad(true), large(s, g, 300, 517).SetRequiresGrad(true)
			w, b := large(s, g, 517).SetRequiresGrad(true), large(s, g, 517).SetRequiresGrad(true)
			n := torch.AddLayerNorm{Weight: w, Bias: b, Eps: 1e-12}
			dropping := n
			dropping.Dropout, dropping.Seed, dropping.Stream, dropping.FirstRow = 0.1, 5, 6, 7
			return []*torch.Tensor{x, y, w, b}, []*torch.Tensor{n.Apply(x, y), dropping.Apply(x, y)}
		},
		// 333 tokens, 130 columns, 210 outputs: no size is a whole number of tiles.
		"Linear": func(s *torch.Scope, g *torch.Generator) (leaves, outs []*torch.Tensor) {
			x, w, b := large(s, g, 333, 130).SetRequiresGrad(true), large(s, g, 210, 130).SetRequiresGrad(true), large(s, g, 210).SetRequiresGrad(true)
			return []*torch.Tensor{x, w, b}, []*torch.Tensor{x.Linear(w, b), x.Reshape(3, 111, 130).Linear(w, nil)}
		},
		"LinearGelu": func(s *torch.Scope, g *torch.Generator) (leaves, outs []*torch.Tensor) {
			x, w, b := large(s, g, 333, 130).SetRequiresGrad(true), large(s, g, 210, 130).SetRequiresGrad(true), large(s, g, 210).SetRequiresGrad(true)
			return []*torch.Tensor{x, w, b}, []*torch.Tensor{x.LinearGelu(w, b, false), x.LinearGelu(w, b, true)}
		},
		"SegmentAttention": func(s *torch.Scope, g *torch.Generator) (leaves, outs []*torch.Tensor) {
			q, k, v := large(s, g, 300, 4, 32).SetRequiresGrad(true), large(s, g, 300, 2, 32).SetRequiresGrad(true), large(s, g, 300, 2, 32).SetRequiresGrad(true)
			pk, pv := large(s, g, 150, 2, 32).SetRequiresGrad(true), large(s, g, 150, 2, 32).SetRequiresGrad(true)
			a := torch.SegmentAttention{Bounds: []int{0, 100, 130, 300}, Causal: true, PrefixK: pk, PrefixV: pv}
			return []*torch.Tensor{q, k, v, pk, pv}, []*torch.Tensor{a.Apply(q, k, v)}
		},
	}
	for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16, torch.Float16} {
		// 333 rows in chunks of 200, 777 words and 130 columns: no size is a whole number of tiles.
		operations["LinearCrossEntropy with a head of "+dtype.String()] = func(s *torch.Scope, g *torch.Generator) (leaves, outs []*torch.Tensor) {
			hidden, head := large(s, g, 333, 130).SetRequiresGrad(true), large(s, g, 777, 130).To(dtype)
			targets := make([]int64, 333)
			for i := range targets {
				targets[i] = int64(i * 7 % 777)
			}
			loss := hidden.LinearCrossEntropy(head, torch.FromSlice(s, targets, 333), 1.0/333, 200*777*4)
			return []*torch.Tensor{hidden}, []*torch.Tensor{loss}
		}
	}
	defer func() { require.NoError(t, torch.SetKernelLevel("")) }()
	for name, f := range operations {
		t.Run(name, func(t *testing.T) {
			var want [][]float32
			for _, level := range levels(t) {
				require.NoError(t, torch.SetKernelLevel(level))
				got := allNumbers(f)
				if want == nil {
					want = got
				}
				for i := range want {
					torchtest.Close(t, want[i], got[i], 5e-6, "%s: number %d", level, i)
				}
				require.Equal(t, got, allNumbers(f), "%s: a second run gives the same bytes", level)
			}
		})
	}
}

// allNumbers runs an operation on random numbers of one seed, and backward from random gradients.
func allNumbers(f func(s *torch.Scope, g *torch.Generator) (leaves, outs []*torch.Tensor)) (numbers [][]float32) {
	_ = torch.Run(func() error {
		s := torch.NewScope("numbers")
		defer s.Close()
		g := torch.NewGenerator(5)
		leaves, outs := f(s, g)
		var seeds []*torch.Tensor
		for _, out := range outs {
			numbers = append(numbers, out.Floats())
			seeds = append(seeds, large(s, g, out.Shape()...))
		}
		torch.Backward(outs, seeds)
		for _, leaf := range leaves {
			numbers = append(numbers, leaf.Grad(s).Floats())
		}
		return nil
	})
	return numbers
}

func TestWeightGradientOfRMSNormDoesNotDependOnTheThreads(t *testing.T) {
	torchtest.Need(t)
	before, err := torch.Threads()
	require.NoError(t, err)
	defer func() { require.NoError(t, torch.SetThreads(before)) }()
	f := func(s *torch.Scope, g *torch.Generator) (leaves, outs []*torch.Tensor) {
		x, w := large(s, g, 300, 517).SetRequiresGrad(true), large(s, g, 517).SetRequiresGrad(true)
		return []*torch.Tensor{x, w}, []*torch.Tensor{x.RMSNorm(w, 1e-6)}
	}
	require.NoError(t, torch.SetThreads(1))
	alone := allNumbers(f)
	require.NoError(t, torch.SetThreads(3))
	require.Equal(t, alone, allNumbers(f))
}

func TestCrossEntropyOfALargeHeadNeedsNoLogits(t *testing.T) {
	torchtest.Need(t)
	require.NoError(t, torch.Run(func() error {
		s := torch.NewScope("test")
		defer s.Close()
		g := torch.NewGenerator(1)
		const rows, words, budget = 2048, 32_000, 4 << 20 // all logits: 262 MB
		hidden, head := large(s, g, rows, 16).SetRequiresGrad(true), large(s, g, words, 16)
		targets := torch.Zeros(s, torch.Options{DType: torch.Int64, Device: torch.CPU}, rows)
		_, before, err := torch.Memory()
		require.NoError(t, err)
		hidden.LinearCrossEntropy(head, targets, 1, budget).Backward()
		_, after, err := torch.Memory()
		require.NoError(t, err)
		require.Less(t, after-before, int64(100<<20), "the peak of the memory rose by more than a few chunks and what MKL keeps")
		return nil
	}))
}

func TestFiniteLooksAtEveryElement(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	defer func() { require.NoError(t, torch.SetKernelLevel("")) }()
	for _, level := range levels(t) {
		require.NoError(t, torch.SetKernelLevel(level))
		for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16, torch.Float16, torch.Float64} {
			s := torch.NewScope("test")
			good := torch.Full(s, -3.25, torch.Options{DType: dtype, Device: torch.CPU}, 3, 40_001)
			require.True(t, torch.AllFinite([]*torch.Tensor{good, torch.Ones(s, torch.Options{DType: torch.Int64, Device: torch.CPU}, 3), torch.Empty(s, torch.Float32CPU, 0)}))
			for _, special := range []float64{inf(1), inf(-1), nan()} {
				for _, place := range []int{0, 77, 120_002} {
					bad := good.Clone()
					bad.Reshape(-1).Narrow(0, place, 1).Fill(special)
					require.False(t, torch.AllFinite([]*torch.Tensor{good, bad}), "%s %s %g at %d", level, dtype, special, place)
					p := torch.Zeros(s, torch.Options{DType: dtype, Device: torch.CPU}, 3, 40_001).SetRequiresGrad(true)
					require.True(t, torch.GradsFinite([]*torch.Tensor{p}), "no gradient is a finite one")
					p.SetGrad(bad)
					require.False(t, torch.GradsFinite([]*torch.Tensor{p}))
				}
			}
			s.Close()
		}
	}
}

func TestAddRMSNormNeedsOnlyTheGradientsThatArrive(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	defer func() { require.NoError(t, torch.SetKernelLevel("")) }()
	for _, level := range levels(t) {
		require.NoError(t, torch.SetKernelLevel(level))
		for used := range 2 {
			gradients := func(together bool) [][]float32 {
				return allNumbers(func(s *torch.Scope, g *torch.Generator) (leaves, outs []*torch.Tensor) {
					x, y := large(s, g, 5, 37).SetRequiresGrad(true), large(s, g, 5, 37).SetRequiresGrad(true)
					w := large(s, g, 37)
					sum, normed := x.Add(y), x.Add(y).RMSNorm(w, 1e-6)
					if together {
						sum, normed = torch.AddRMSNorm(x, y, w, 1e-6)
					}
					return []*torch.Tensor{x, y}, []*torch.Tensor{sum, normed}[used : used+1]
				})
			}
			want, got := gradients(false), gradients(true)
			for i := range want {
				torchtest.Close(t, want[i], got[i], 2e-6, "%s: result %d used: number %d", level, used, i)
			}
		}
	}
}
