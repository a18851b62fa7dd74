package ctorch

// #include "calls.h"
import "C"

func HeadRows(x, weight, ids Handle, out *Handle) error {
	return failure(C.aj_head_rows(x, weight, ids, out))
}

func HeadScreen(weight Handle, codes, bounds *Handle) error {
	return failure(C.aj_head_screen(weight, codes, bounds))
}

// HeadArgmax takes null for codes and bounds, and for allowed, where there are none.
func HeadArgmax(x, weight, codes, bounds, allowed Handle, out *Handle) error {
	return failure(C.aj_head_argmax(x, weight, codes, bounds, allowed, out))
}
