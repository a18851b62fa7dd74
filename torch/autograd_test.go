package torch_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestBackwardOfAProductGivesTheOtherFactor(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	a, b := vector(s, 1, 2, 3).SetRequiresGrad(true), vector(s, 4, 5, 6)
	require.True(t, a.RequiresGrad())
	require.Nil(t, a.Grad(s))
	a.Mul(b).Sum().Backward()
	a.Mul(b).Sum().Backward()
	require.Equal(t, []float32{8, 10, 12}, a.Grad(s).Floats(), "gradients add up")
	require.Nil(t, b.Grad(s))
	torch.ZeroGrad([]*torch.Tensor{a, b})
	require.Nil(t, a.Grad(s))
	a.SetGrad(b)
	require.Equal(t, []float32{4, 5, 6}, a.Grad(s).Floats())
}

func TestBackwardFromSeveralRootsIsOnePass(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	a := vector(s, 1, 2).SetRequiresGrad(true)
	shared := a.Exp() // its graph is freed by the one pass, and would be missed by a second
	torch.Backward([]*torch.Tensor{shared.MulScalar(2), shared.Sum()}, []*torch.Tensor{vector(s, 10, 100), nil})
	e := a.Detach().Exp().Floats()
	torchtest.Close(t, []float32{21 * e[0], 201 * e[1]}, a.Grad(s).Floats(), 1e-6)
}

func TestGraphLivesUntilItsRootGoes(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	run := torch.NewScope("run")
	defer run.Close()
	a := vector(run, 1, 2).SetRequiresGrad(true)
	step := run.Child("step")
	loss := a.In(step).Exp().Sum().Keep(run) // what lies between belongs to the step
	step.Close()
	loss.Backward()
	torchtest.Close(t, a.Detach().Exp().Floats(), a.Grad(run).Floats(), 1e-6)
}

func TestNoGradRecordsNothing(t *testing.T) {
	torchtest.Need(t)
	s := torch.NewScope("test")
	defer s.Close()
	a := vector(s, 1).SetRequiresGrad(true)
	torch.NoGrad(func() {
		require.False(t, a.Neg().RequiresGrad())
		torch.EnableGrad(func() { require.True(t, a.Neg().RequiresGrad()) })
		require.False(t, a.Neg().RequiresGrad())
	})
	require.True(t, a.Neg().RequiresGrad())
	require.False(t, a.Detach().RequiresGrad())
	func() {
		defer func() { require.NotNil(t, recover()) }()
		torch.NoGrad(func() { panic("inside") })
	}()
	require.True(t, a.Neg().RequiresGrad(), "a panic inside restores the mode")
	require.False(t, a.SetRequiresGrad(false).Neg().RequiresGrad())
}

func TestCrossEntropyComputesNoGradientThatNobodyAskedFor(t *testing.T) {
	torchtest.Need(t)
	s := torch.NewScope("test")
	defer s.Close()
	hidden, head := torch.Ones(s, torch.Float32CPU, 2, 3), torch.Ones(s, torch.Float32CPU, 5, 3).SetRequiresGrad(true)
	targets := torch.FromSlice(s, []int64{0, 4}, 2)
	var silent *torch.Tensor
	torch.NoGrad(func() { silent = hidden.LinearCrossEntropy(head, targets, 1, 0) })
	require.False(t, silent.RequiresGrad())
	require.Equal(t, silent.Item(), hidden.LinearCrossEntropy(head, targets, 1, 0).Item())
}
