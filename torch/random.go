package torch

import (
	"runtime"

	"github.com/ajolote-ai/ajolote/internal/ctorch"
)

// Generator is a source of random numbers: torch's CPU generator, so that one seed gives PyTorch's own numbers. It may be
// used by one goroutine at a time.
type Generator struct{ h ctorch.Handle }

// NewGenerator makes a generator from a seed. The garbage collector frees it.
func NewGenerator(seed uint64) *Generator {
	mustLoad()
	g := &Generator{}
	if err := ctorch.GeneratorNew(seed, &g.h); err != nil {
		fail(err, "NewGenerator")
	}
	runtime.AddCleanup(g, func(h ctorch.Handle) { _ = ctorch.GeneratorFree(h) }, g.h)
	return g
}

// State returns all that decides the numbers to come.
func (g *Generator) State() []byte {
	s := NewScope("State")
	defer s.Close()
	return ToSlice[uint8](create("State", s, func(out *ctorch.Handle) error { return ctorch.GeneratorState(g.h, out) }))
}

// SetState makes the generator go on where another stood when its [Generator.State] was taken.
func (g *Generator) SetState(state []byte) {
	s := NewScope("SetState")
	defer s.Close()
	t := FromSlice(s, state, len(state))
	change("SetState", func() error { return ctorch.GeneratorSetState(g.h, t.h) }, t)
}

// Uniform writes numbers of [low, high) into t.
func (g *Generator) Uniform(t *Tensor, low, high float64) {
	change("Uniform", func() error { return ctorch.UniformInPlace(t.h, low, high, g.h) }, t)
}

// Normal writes numbers of the normal distribution into t.
func (g *Generator) Normal(t *Tensor, mean, std float64) {
	change("Normal", func() error { return ctorch.NormalInPlace(t.h, mean, std, g.h) }, t)
}

// Randn makes a tensor of standard normal numbers.
func (g *Generator) Randn(s *Scope, o Options, shape ...int) *Tensor {
	t := Empty(s, o, shape...)
	g.Normal(t, 0, 1)
	return t
}

// Perm makes a random order of 0..n-1, int64.
func (g *Generator) Perm(s *Scope, n int) *Tensor {
	return create("Perm", s, func(out *ctorch.Handle) error { return ctorch.Randperm(n, g.h, out) })
}

// Multinomial draws n different places of the last dimension of p, in proportion to p: int64 [..., n].
func (g *Generator) Multinomial(p *Tensor, n int) *Tensor {
	return apply("Multinomial", func(out *ctorch.Handle) error { return ctorch.Multinomial(p.h, n, g.h, out) }, p)
}
