package torch_test

import (
	"testing"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// What an operation costs beside its arithmetic: one element, freed at once.
func BenchmarkAddOfOneElement(b *testing.B) {
	torchtest.Need(b)
	s := torch.NewScope("bench")
	defer s.Close()
	x := vector(s, 1)
	b.ReportAllocs()
	for b.Loop() {
		x.Add(x).Free()
	}
}

// A view does next to nothing in C++: what is left is the way there and back.
func BenchmarkViewOfOneElement(b *testing.B) {
	torchtest.Need(b)
	s := torch.NewScope("bench")
	defer s.Close()
	x := torch.Ones(s, torch.Float32CPU, 1, 1)
	b.ReportAllocs()
	for b.Loop() {
		x.Transpose(0, 1).Free()
	}
}

// The way of a training step: a hundred results, freed together by their scope. The figures are those of one operation.
func BenchmarkOperationsOfAScope(b *testing.B) {
	torchtest.Need(b)
	run := torch.NewScope("bench")
	defer run.Close()
	x := vector(run, 1)
	b.ReportAllocs()
	for i := 0; i < b.N; {
		step := run.Child("step")
		y := x.In(step)
		for ; i < b.N && step.Len() < 100; i++ {
			y.Add(x)
		}
		step.Close()
	}
}

func benchmarkRows(b *testing.B, f func(s *torch.Scope, x, y, w *torch.Tensor) *torch.Tensor) {
	torchtest.Need(b)
	const rows, columns = 2048, 2048
	g := torch.NewGenerator(1)
	s := torch.NewScope("bench")
	defer s.Close()
	x, y := g.Randn(s, torch.Float32CPU, rows, columns).SetRequiresGrad(true), g.Randn(s, torch.Float32CPU, rows, columns).SetRequiresGrad(true)
	w, seed := g.Randn(s, torch.Float32CPU, columns), g.Randn(s, torch.Float32CPU, rows, columns)
	for _, level := range []string{"composite", ""} {
		for _, backward := range []bool{false, true} {
			name := map[string]string{"composite": "composite", "": "kernel"}[level] + map[bool]string{false: "/forward", true: "/forward and backward"}[backward]
			b.Run(name, func(b *testing.B) {
				if err := torch.SetKernelLevel(level); err != nil {
					b.Fatal(err)
				}
				defer func() { _ = torch.SetKernelLevel("") }()
				for b.Loop() {
					step := s.Child("step")
					out := f(step, x.In(step), y.In(step), w)
					if backward {
						torch.Backward([]*torch.Tensor{out}, []*torch.Tensor{seed})
						torch.ZeroGrad([]*torch.Tensor{x, y})
					}
					step.Close()
				}
				b.ReportMetric(float64(b.N)*rows*columns*4/1e9/b.Elapsed().Seconds(), "GB-of-x/s")
			})
		}
	}
}

func BenchmarkRMSNorm(b *testing.B) {
	benchmarkRows(b, func(_ *torch.Scope, x, _, w *torch.Tensor) *torch.Tensor { return x.RMSNorm(w, 1e-5) })
}

func BenchmarkAddThenRMSNorm(b *testing.B) {
	benchmarkRows(b, func(_ *torch.Scope, x, y, w *torch.Tensor) *torch.Tensor { return x.Add(y).RMSNorm(w, 1e-5) })
}

func BenchmarkAddRMSNorm(b *testing.B) {
	benchmarkRows(b, func(_ *torch.Scope, x, y, w *torch.Tensor) *torch.Tensor {
		_, normed := torch.AddRMSNorm(x, y, w, 1e-5)
		return normed
	})
}

func BenchmarkSwiGLU(b *testing.B) {
	benchmarkRows(b, func(_ *torch.Scope, x, y, _ *torch.Tensor) *torch.Tensor { return torch.SwiGLU(x, y) })
}

func BenchmarkRotary(b *testing.B) {
	benchmarkRows(b, func(s *torch.Scope, x, _, _ *torch.Tensor) *torch.Tensor {
		angles := torch.Ones(s, torch.Float32CPU, 2048, 32)
		return x.Reshape(2048, 32, 64).Rotary(angles, angles).Reshape(2048, 2048)
	})
}
