package nn_test

import (
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// begin makes a scope for a test and numbers to fill it with.
func begin(t *testing.T) (*torch.Scope, *torch.Generator) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope(t.Name())
	t.Cleanup(s.Close)
	return s, torch.NewGenerator(1)
}

func randn(s *torch.Scope, g *torch.Generator, shape ...int) *torch.Tensor {
	return g.Randn(s, torch.Float32CPU, shape...)
}

func names(parameters iter.Seq2[string, *torch.Tensor]) (list []string) {
	for name := range parameters {
		list = append(list, name)
	}
	return list
}

func TestDenseIsXTimesWeightPlusBias(t *testing.T) {
	s, g := begin(t)
	x := randn(s, g, 2, 3, 4)
	l := &nn.Dense{Weight: randn(s, g, 5, 4), Bias: randn(s, g, 5)}
	torchtest.Close(t, x.MatMul(l.Weight.T()).Add(l.Bias).Floats(), l.Forward(x).Floats(), 1e-6)
	require.Equal(t, []int{4, 5}, []int{l.InFeatures(), l.OutFeatures()})
	require.Equal(t, []string{"weight", "bias"}, names(l.Parameters()))
	require.Equal(t, []string{"weight"}, names((&nn.Dense{Weight: l.Weight}).Parameters()))
	for range l.Parameters() {
		break // a consumer may stop early
	}
}

func TestDenseRoundsItsFactorsAsAutocastDoes(t *testing.T) {
	s, g := begin(t)
	x, half := randn(s, g, 6, 32), func(x *torch.Tensor) *torch.Tensor { return x.To(torch.BFloat16) }
	var layers []nn.Linear
	for range 2 {
		w := randn(s, g, 5, 32)
		layers = append(layers, &nn.Dense{Weight: w.SetRequiresGrad(true), Bias: randn(s, g, 5), Compute: torch.BFloat16})
	}
	for i, y := range nn.Project(x, layers...) {
		l := layers[i].(*nn.Dense)
		require.Equal(t, torch.Float32, y.DType())
		require.True(t, half(x).Linear(half(l.Weight), half(l.Bias)).To(torch.Float32).Equal(y))
		require.True(t, l.Forward(x).Equal(y), "projections together are what each is alone")

		y.Sum().Backward()
		got := l.Weight.Grad(s)
		require.Equal(t, torch.Float32, got.DType())
		exact := torch.Ones(s, torch.Float32CPU, 6, 5).T().MatMul(x)
		torchtest.Close(t, exact.Floats(), got.Floats(), 0.05)
	}
}

func TestLayersAreTheirOperations(t *testing.T) {
	s, g := begin(t)
	x, w, b := randn(s, g, 3, 8), randn(s, g, 8), randn(s, g, 8)
	require.True(t, x.RMSNorm(w, 1e-6).Equal((&nn.RMSNorm{Weight: w, Eps: 1e-6}).Forward(x)))
	require.True(t, x.LayerNorm(w, b, 1e-5).Equal((&nn.LayerNorm{Weight: w, Bias: b, Eps: 1e-5}).Forward(x)))
	ids := torch.FromSlice(s, []int64{2, 0}, 2)
	require.True(t, x.IndexSelect(0, ids).Equal((&nn.Embedding{Weight: x}).Forward(ids)))
}

func TestDropoutFollowsItsClock(t *testing.T) {
	s, g := begin(t)
	x := randn(s, g, 64, 32)
	clock := &nn.Clock{Seed: 7}
	first, second := &nn.Dropout{P: 0.25, Layer: 1, Clock: clock}, &nn.Dropout{P: 0.25, Layer: 2, Clock: clock}
	require.Same(t, x, first.Forward(x), "not training")
	require.Same(t, x, (*nn.Dropout)(nil).Forward(x))
	clock.Training = true
	require.Same(t, x, (&nn.Dropout{Clock: clock}).Forward(x), "probability 0")

	once := first.Forward(x)
	require.True(t, once.Equal(first.Forward(x)), "a recomputed layer draws the same mask")
	require.False(t, once.Equal(second.Forward(x)), "another layer draws another")
	dropped := once.EqScalar(0).To(torch.Float32).Mean().Item()
	require.InDelta(t, 0.25, dropped, 0.04)
	require.InDelta(t, x.Abs().Mean().Item(), once.Abs().Mean().Item(), 0.05, "the rest is scaled up")

	clock.Row = 40
	require.True(t, once.Rows(40, 64).Equal(first.Forward(x.Rows(40, 64))), "a micro-batch draws its rows of the step's mask")
	clock.Row, clock.Step = 0, 1
	require.False(t, once.Equal(first.Forward(x)), "another step draws another")
	clock.Step, clock.Seed = 0, 8
	require.False(t, once.Equal(first.Forward(x)), "another seed draws another")
}

// adapted is a linear layer plus a low-rank term.
type adapted struct {
	nn.Linear
	term *nn.LowRank
}

func (a adapted) Parts() (nn.Linear, *nn.LowRank) { return a.Linear, a.term }

// together is a base that counts how it is asked.
type together struct {
	nn.Linear
	lowRanks, projections int
	able                  bool
}

func (b *together) ForwardLowRank(x *torch.Tensor, term *nn.LowRank) *torch.Tensor {
	b.lowRanks++
	return b.Forward(x).Add(term.Forward(x))
}

// projecting is a together that projects several at once where it is able to.
type projecting struct{ together }

func (b *projecting) ProjectParts(x *torch.Tensor, parts []nn.Part) []*torch.Tensor {
	b.projections++
	if !b.able {
		return nil
	}
	outs := make([]*torch.Tensor, len(parts))
	for i, p := range parts {
		outs[i] = p.Base.Forward(x)
		if p.Term != nil {
			outs[i] = outs[i].Add(p.Term.Forward(x))
		}
	}
	return outs
}

func TestProjectGivesWhatOneForwardEachWould(t *testing.T) {
	s, g := begin(t)
	x := randn(s, g, 3, 8)
	dense := func(out int) nn.Linear { return &nn.Dense{Weight: randn(s, g, out, 8)} }
	term := func(out int) *nn.LowRank {
		return &nn.LowRank{A: randn(s, g, 2, 8), B: randn(s, g, out, 2), Scale: 0.5}
	}
	want := func(l nn.Linear, term *nn.LowRank) []float32 {
		y := l.Forward(x)
		if term != nil {
			y = y.Add(x.MatMul(term.A.T()).MatMul(term.B.T()).MulScalar(0.5))
		}
		return y.Floats()
	}
	q, k, v := dense(6), dense(4), dense(4)
	qTerm, vTerm := term(6), term(4)
	for name, first := range map[string]nn.Linear{
		"dense": q, "with a low-rank term": &together{Linear: q}, "all together": &projecting{together{Linear: q, able: true}},
		"not able to": &projecting{together{Linear: q}},
	} {
		outs := nn.Project(x, adapted{first, qTerm}, k, adapted{v, vTerm})
		require.Len(t, outs, 3, name)
		for i, w := range [][]float32{want(q, qTerm), want(k, nil), want(v, vTerm)} {
			torchtest.Close(t, w, outs[i].Floats(), 1e-6, "%s: projection %d", name, i)
		}
		switch b := first.(type) {
		case *together:
			require.Equal(t, 1, b.lowRanks)
		case *projecting:
			require.Equal(t, 1, b.projections)
			require.Equal(t, !b.able, b.lowRanks == 1)
		}
	}
}

func TestLowRankComputesInTheTypeOfItsFactors(t *testing.T) {
	s, g := begin(t)
	x := randn(s, g, 3, 8).To(torch.BFloat16)
	term := &nn.LowRank{A: randn(s, g, 2, 8), B: randn(s, g, 5, 2), Scale: 2}
	y := term.Forward(x)
	require.Equal(t, torch.BFloat16, y.DType())
	want := x.To(torch.Float32).MatMul(term.A.T()).MatMul(term.B.T()).MulScalar(2)
	require.True(t, slices.Equal(want.To(torch.BFloat16).Floats(), y.Floats()))
}
