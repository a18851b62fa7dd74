package torch

import "github.com/ajolote-ai/ajolote/internal/ctorch"

// These functions work on all parameters of a model in one call; those without a gradient are passed over.

// ZeroGrad forgets the gradients.
func ZeroGrad(parameters []*Tensor) {
	change("ZeroGrad", func() error {
		h := handlesOf(parameters)
		return ctorch.ZeroGrad(h)
	}, parameters...)
}

// ClipGradNorm scales the gradients so that their common Euclidean norm is at most maxNorm, as
// torch.nn.utils.clip_grad_norm_ does, and returns the norm before. A maxNorm of 0 only measures.
func ClipGradNorm(parameters []*Tensor, maxNorm float64) float64 {
	var norm float64
	change("ClipGradNorm", func() (err error) {
		norm, err = ctorch.ClipGradNorm(handlesOf(parameters), maxNorm)
		return err
	}, parameters...)
	return norm
}

// AdamWState is the memory of AdamW for a list of parameters: for each the moving averages of gradient and squared
// gradient, and the count of its steps (a float32 scalar, as ATen's fused kernel has it).
type AdamWState struct {
	Averages, Squares, Steps []*Tensor
}

// AdamW makes one step of torch.optim.AdamW(fused=True).
func AdamW(parameters []*Tensor, state AdamWState, lr, beta1, beta2, eps, weightDecay float64) {
	if len(state.Averages) != len(parameters) || len(state.Squares) != len(parameters) || len(state.Steps) != len(parameters) {
		panic(&Error{Op: "AdamW", Msg: "the state does not have one entry for each parameter"})
	}
	change("AdamW", func() error {
		return ctorch.AdamW(handlesOf(parameters), handlesOf(state.Averages), handlesOf(state.Squares), handlesOf(state.Steps),
			lr, beta1, beta2, eps, weightDecay)
	}, parameters...)
	keepAlive(state.Averages)
	keepAlive(state.Squares)
	keepAlive(state.Steps)
}
