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

// AdamWRows has a row's place in the pages and the count of its steps for each of the rows; gradient may be null.
func AdamWRows(table Handle, averages, squares []Handle, rows, slots, steps []int, gradient Handle, rates []float64, now int, beta1, beta2, eps, weightDecay float64) error {
	m, pages := handles(averages)
	v, _ := handles(squares)
	r, n := ints(rows)
	at, _ := ints(slots)
	made, _ := ints(steps)
	return failure(C.aj_adamw_rows(table, m, v, pages, r, at, made, n, gradient, (*C.double)(unsafe.SliceData(rates)), C.int64_t(len(rates)),
		C.int64_t(now), C.double(beta1), C.double(beta2), C.double(eps), C.double(weightDecay)))
}

func SparseGradient(parameter Handle, rows, values *Handle) error {
	return failure(C.aj_sparse_gradient(parameter, rows, values))
}

func Muon(parameters, momenta []Handle, lr, weightDecay, momentum float64, nesterov, matchAdamW bool, eps float64, iterations int) error {
	p, n := handles(parameters)
	return failure(C.aj_muon(p, unsafe.SliceData(momenta), n, C.double(lr), C.double(weightDecay), C.double(momentum),
		flag(nesterov), flag(matchAdamW), C.double(eps), C.int64_t(iterations)))
}
