package ctorch

// #include "calls.h"
import "C"

func GeneratorFree(g Handle) error {
	return failure(C.aj_generator_free(g))
}

func GeneratorState(g Handle, out *Handle) error {
	return failure(C.aj_generator_state(g, out))
}

func GeneratorSetState(g, state Handle) error {
	return failure(C.aj_generator_set_state(g, state))
}

func UniformInPlace(a Handle, low, high float64, g Handle) error {
	return failure(C.aj_uniform_(a, C.double(low), C.double(high), g))
}

func NormalInPlace(a Handle, mean, std float64, g Handle) error {
	return failure(C.aj_normal_(a, C.double(mean), C.double(std), g))
}

func Randperm(n int, g Handle, out *Handle) error {
	return failure(C.aj_randperm(C.int64_t(n), g, out))
}

func Multinomial(p Handle, n int, g Handle, out *Handle) error {
	return failure(C.aj_multinomial(p, C.int64_t(n), g, out))
}

func GeneratorNew(seed uint64, out *Handle) error {
	return failure(C.aj_generator_new(C.uint64_t(seed), out))
}
