package ctorch

// #include "calls.h"
import "C"

import "unsafe"

func ZeroGrad(parameters []Handle) error {
	parametersData, parametersCount := handles(parameters)
	return failure(C.aj_zero_grad(parametersData, parametersCount))
}

// AllFinite looks at the tensors, or at the gradients of the parameters, of a list.
func AllFinite(list []Handle, gradients bool) (bool, error) {
	var finite C.int32_t
	data, n := handles(list)
	err := failure(C.aj_all_finite(data, n, flag(gradients), &finite))
	return finite != 0, err
}

func ClipGradNorm(parameters []Handle, maxNorm float64) (float64, error) {
	var norm C.double
	data, n := handles(parameters)
	err := failure(C.aj_clip_grad_norm(data, n, C.double(maxNorm), &norm))
	return float64(norm), err
}

func AdamW(parameters, averages, squares, steps []Handle, lr, beta1, beta2, eps, weightDecay float64) error {
	p, n := handles(parameters)
	return failure(C.aj_adamw(p, unsafe.SliceData(averages), unsafe.SliceData(squares), unsafe.SliceData(steps), n,
		C.double(lr), C.double(beta1), C.double(beta2), C.double(eps), C.double(weightDecay)))
}

func Muon(parameters, momenta []Handle, lr, weightDecay, momentum float64, nesterov, matchAdamW bool, eps float64, iterations int) error {
	p, n := handles(parameters)
	return failure(C.aj_muon(p, unsafe.SliceData(momenta), n, C.double(lr), C.double(weightDecay), C.double(momentum),
		flag(nesterov), flag(matchAdamW), C.double(eps), C.int64_t(iterations)))
}
