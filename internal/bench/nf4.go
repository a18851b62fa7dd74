package bench

import (
	"context"
	"math"
	"time"

	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/torch"
)

// NF4Options say what [NF4] measures.
type NF4Options struct {
	Rows, Cols int           // of the matrix
	Tokens     []int         // numbers of tokens to multiply with; 0 measures quantising and dequantising
	Compute    []torch.DType // types of the factors
	Least      time.Duration // time spent on each measurement
}

// NF4Result is one measurement: the best of its repetitions.
type NF4Result struct {
	What    string  `json:"what"` // few tokens, forward, backward, quantize, dequantize or read
	Rows    int     `json:"rows"`
	Cols    int     `json:"cols"`
	Tokens  int     `json:"tokens,omitempty"`
	Compute string  `json:"compute,omitempty"`
	Levels  string  `json:"kernel_level"`
	Threads int     `json:"threads"`
	Seconds float64 `json:"seconds"`
	GFLOPS  float64 `json:"gflops,omitempty"` // 2·rows·cols·tokens over the time
	GBs     float64 `json:"gb_per_s"`         // bytes of the stored weight (quantize: of the input) over the time

	// Of forward products of 1 to 16 tokens in float32, which are to run as fast as their bytes arrive: the stored bytes a token
	// costs; the two bounds, measured in turn with the product itself; and its share of the lesser one.
	BytesPerToken float64 `json:"bytes_per_token,omitempty"`
	MemoryGBs     float64 `json:"memory_gb_per_s,omitempty"`   // of a sum over 268 MB
	InCacheGBs    float64 `json:"in_cache_gb_per_s,omitempty"` // of the same product over a matrix of as many columns that lies in L2
	Share         float64 `json:"share,omitempty"`

	Dense float64 `json:"dense_seconds,omitempty"`
	Ratio float64 `json:"ratio,omitempty"` // of libtorch's float32 linear layer of that shape to ours: above 1 we are faster
}

// NF4 measures the kernels of package qlora on a random matrix, and libtorch's float32 linear layer beside them. It
// calls report with each result.
func NF4(ctx context.Context, o NF4Options, report func(NF4Result)) error {
	return torch.Run(func() error {
		about, err := torch.Describe()
		if err != nil {
			return err
		}
		s := torch.NewScope("bench")
		defer s.Close()
		dense := torch.NewGenerator(1).Randn(s, torch.Float32CPU, o.Rows, o.Cols)
		w, err := qlora.Quantize("bench", dense, qlora.Options{DoubleQuant: true})
		if err != nil {
			return err
		}
		defer w.Free()
		few := min(o.Rows, max(32, 2*inCacheBytes/o.Cols))
		small, err := qlora.Quantize("bench", dense.Rows(0, few), qlora.Options{DoubleQuant: true})
		if err != nil {
			return err
		}
		defer small.Free()
		large := torch.Zeros(s, torch.Float32CPU, 1<<26)
		b := products{scope: s, options: o, weight: w, dense: dense, small: small, large: large, report: func(r NF4Result) {
			r.Rows, r.Cols, r.Levels, r.Threads = o.Rows, o.Cols, about.KernelLevel, about.Threads
			report(r)
		}}
		for _, tokens := range o.Tokens {
			if tokens == 0 {
				b.conversions()
				continue
			}
			for _, compute := range o.Compute {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				b.measure(tokens, compute)
			}
		}
		return nil
	})
}

type products struct {
	scope   *torch.Scope
	options NF4Options
	weight  *qlora.Weight
	dense   *torch.Tensor
	small   *qlora.Weight // of as many columns, and few enough rows for the cores' own caches
	large   *torch.Tensor // more than any cache holds
	report  func(NF4Result)
}

// inCacheBytes is the size of the small matrix: with two threads, half of it lies in each one's L2.
const inCacheBytes = 1 << 20

// best returns the shortest time of f, run for as long as the options say and at least three times; f gets a scope that
// is closed after it, outside the time.
func (b *products) best(f func(s *torch.Scope) func()) float64 {
	shortest := math.Inf(1)
	begin := time.Now()
	for i := 0; i < 3 || time.Since(begin) < b.options.Least; i++ {
		s := b.scope.Child("repetition")
		run := f(s)
		start := time.Now()
		run()
		shortest = min(shortest, time.Since(start).Seconds())
		s.Close()
	}
	return shortest
}

func (b *products) measure(tokens int, compute torch.DType) {
	o, layer := b.options, &qlora.Linear{Weight: b.weight, Compute: compute}
	x := torch.NewGenerator(2).Randn(b.scope, torch.Float32CPU, tokens, o.Cols)
	defer x.Free()
	dy := torch.NewGenerator(3).Randn(b.scope, torch.Float32CPU, tokens, o.Rows)
	defer dy.Free()
	if tokens <= 16 && compute == torch.Float32 {
		b.fewTokens(x, layer)
	}
	work := 2 * float64(o.Rows) * float64(o.Cols) * float64(tokens) / 1e9
	bytes := float64(b.weight.Bytes()) / 1e9
	beside := func(what string, ours, dense func(s *torch.Scope) func()) {
		r := NF4Result{What: what, Tokens: tokens, Compute: compute.String(), Seconds: b.best(ours), Dense: b.best(dense)}
		r.GFLOPS, r.GBs, r.Ratio = work/r.Seconds, bytes/r.Seconds, r.Dense/r.Seconds
		b.report(r)
	}
	beside("forward",
		func(s *torch.Scope) func() { return func() { layer.Forward(x.In(s)) } },
		func(s *torch.Scope) func() { return func() { x.In(s).Linear(b.dense, nil) } })
	backward := func(forward func(x *torch.Tensor) *torch.Tensor) func(s *torch.Scope) func() {
		return func(s *torch.Scope) func() {
			y := forward(x.In(s).Detach().SetRequiresGrad(true))
			return func() { torch.Backward([]*torch.Tensor{y}, []*torch.Tensor{dy}) }
		}
	}
	beside("backward", backward(layer.Forward), backward(func(x *torch.Tensor) *torch.Tensor { return x.Linear(b.dense, nil) }))
}

// fewTokens measures the product beside its two bounds.
func (b *products) fewTokens(x *torch.Tensor, layer *qlora.Linear) {
	inCache := &qlora.Linear{Weight: b.small, Compute: layer.Compute}
	times := b.bestOfEach(
		func(s *torch.Scope) { layer.Forward(x.In(s)) },
		func(s *torch.Scope) { inCache.Forward(x.In(s)) },
		func(s *torch.Scope) { b.large.In(s).Sum() })
	tokens, bytes := x.Dim(0), float64(b.weight.Bytes())
	r := NF4Result{What: "few tokens", Tokens: tokens, Compute: layer.Compute.String(), Seconds: times[0], BytesPerToken: bytes / float64(tokens)}
	r.GFLOPS = 2 * float64(b.weight.Elements()) * float64(tokens) / 1e9 / r.Seconds
	r.GBs, r.InCacheGBs = bytes/1e9/times[0], float64(b.small.Bytes())/1e9/times[1]
	r.MemoryGBs = 4 * float64(b.large.Len()) / 1e9 / times[2]
	r.Share = r.GBs / min(r.InCacheGBs, r.MemoryGBs)
	b.report(r)
}

// bestOfEach returns the shortest time of each f. They run in turn, so that they meet the same machine.
func (b *products) bestOfEach(f ...func(s *torch.Scope)) []float64 {
	shortest := make([]float64, len(f))
	for i := range shortest {
		shortest[i] = math.Inf(1)
	}
	begin := time.Now()
	for round := 0; round < 3 || time.Since(begin) < b.options.Least; round++ {
		for i := range f {
			for range 3 { // the first finds what the others have left in the caches
				s := b.scope.Child("repetition")
				start := time.Now()
				f[i](s)
				shortest[i] = min(shortest[i], time.Since(start).Seconds())
				s.Close()
			}
		}
	}
	return shortest
}

func (b *products) conversions() {
	wide := b.dense.To(torch.BFloat16)
	bytes := float64(wide.Len()) * 2 / 1e9
	r := NF4Result{What: "quantize", Compute: "bfloat16", Seconds: b.best(func(*torch.Scope) func() {
		return func() {
			w, err := qlora.Quantize("bench", wide, qlora.Options{DoubleQuant: true})
			if err != nil {
				panic(err) // random numbers are finite
			}
			w.Free()
		}
	})}
	r.GBs = bytes / r.Seconds
	b.report(r)
	for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16} {
		r := NF4Result{What: "dequantize", Compute: dtype.String(), Seconds: b.best(func(s *torch.Scope) func() {
			return func() { b.weight.NF4.Dequantize(s, dtype) }
		})}
		r.GBs = float64(b.weight.Bytes()) / 1e9 / r.Seconds
		b.report(r)
	}
	r = NF4Result{What: "read", Seconds: b.best(func(s *torch.Scope) func() { return func() { b.large.In(s).Sum() } })}
	r.GBs = float64(b.large.Len()) * 4 / 1e9 / r.Seconds
	b.report(r)
}
