package ctorch

// #include "calls.h"
import "C"

import "unsafe"

func SetThreads(n int) error {
	return failure(C.aj_set_threads(C.int64_t(n)))
}

func Synchronize(device int) error {
	return failure(C.aj_synchronize(C.int64_t(device)))
}

// Describe returns a JSON object: CPU capability, kernel level, MKL, CUDA.
func Describe() (string, error) {
	var text *C.char
	if err := failure(C.aj_describe(&text)); err != nil {
		return "", err
	}
	return take(text), nil
}

func Threads() (int, error) {
	var n C.int64_t
	err := failure(C.aj_get_threads(&n))
	return int(n), err
}

func LiveHandles() (int, error) {
	var n C.int64_t
	err := failure(C.aj_live_handles(&n))
	return int(n), err
}

func Memory(device int) (now, peak int64, err error) {
	var n, p C.int64_t
	err = failure(C.aj_memory(C.int64_t(device), &n, &p))
	return int64(n), int64(p), err
}

func ReleaseMemory() error { return failure(C.aj_release_memory()) }

func SetKernelLevel(level string) error {
	text := C.CString(level)
	defer C.free(unsafe.Pointer(text))
	return failure(C.aj_set_kernel_level(text))
}

func CUDADeviceCount() (int, error) {
	var n C.int64_t
	err := failure(C.aj_cuda_device_count(&n))
	return int(n), err
}

func LoadCUDA(path string) error {
	text := C.CString(path)
	defer C.free(unsafe.Pointer(text))
	return failure(C.aj_load_cuda(text))
}
