package ctorch

// #include "calls.h"
import "C"

import "unsafe"

func SetRequiresGrad(a Handle, on bool) error {
	return failure(C.aj_set_requires_grad(a, flag(on)))
}

func Detach(a Handle, out *Handle) error {
	return failure(C.aj_detach(a, out))
}

func Grad(a Handle, out *Handle) error {
	return failure(C.aj_grad(a, out))
}

func SetGrad(a, grad Handle) error {
	return failure(C.aj_set_grad(a, grad))
}

// SetGradEnabled sets the mode of the calling thread and returns what it was.
func SetGradEnabled(on bool) (before bool, err error) {
	var was C.int32_t
	err = failure(C.aj_set_grad_enabled(flag(on), &was))
	return was != 0, err
}

// Backward starts at the roots; grads is nil, or has one gradient for each, null for a scalar root.
func Backward(roots, grads []Handle, keepGraph bool) error {
	data, n := handles(roots)
	return failure(C.aj_backward(data, unsafe.SliceData(grads), n, flag(keepGraph)))
}
