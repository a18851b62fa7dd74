// Package ctorch is the only package that imports "C". It opens the shim, a shared library over libtorch, and has one Go
// function for every function of its table, with the same name and in the same order as ops.h.
//
// Nothing here owns memory or checks arguments: package torch does.
package ctorch

/*
#cgo linux LDFLAGS: -ldl
#include "calls.h"
#include "open.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/ajolote-ai/ajolote/internal/library"
)

// Handle is a reference to a C++ tensor, owned by whoever holds it until [Release].
type Handle = unsafe.Pointer

// TorchVersion is the version of libtorch that the shim must have been compiled with.
const TorchVersion = "2.11.0"

// ABI is the number of the table that this program was compiled for.
const ABI = int(C.AJ_ABI)

// Library says what was opened.
type Library struct {
	library.Found
	ABI          int
	TorchVersion string
}

var load = sync.OnceValues(func() (Library, error) {
	found, err := library.Find()
	lib := Library{Found: found}
	if err != nil {
		return lib, err
	}
	return open(lib)
})

// Load finds and opens the shim, once per process. The error says where it was looked for and what mends it.
func Load() (Library, error) { return load() }

func open(lib Library) (Library, error) {
	path := C.CString(lib.Shim)
	defer C.free(unsafe.Pointer(path))
	var abi C.int64_t
	var version *C.char
	failure := C.aj_open(path, &abi, &version)
	lib.ABI = int(abi)
	if version != nil {
		lib.TorchVersion = C.GoString(version)
	}
	if failure != nil {
		defer C.free(unsafe.Pointer(failure))
		return lib, mend(errors.New(C.GoString(failure)))
	}
	if lib.TorchVersion != TorchVersion {
		return lib, mend(fmt.Errorf("%s: this program needs libtorch %s, the library was built with %s", lib.Shim, TorchVersion, lib.TorchVersion))
	}
	return lib, nil
}

func mend(err error) error {
	return fmt.Errorf("%w\nTo mend it, run: %s --force", err, library.SetupCommand())
}

// failure turns the text of the shim into an error and frees it.
func failure(text *C.char) error {
	if text == nil {
		return nil
	}
	err := errors.New(C.GoString(text))
	C.aj_free_text(text)
	return err
}

func ints(s []int) (*C.int64_t, C.int64_t) {
	return (*C.int64_t)(unsafe.Pointer(unsafe.SliceData(s))), C.int64_t(len(s))
}

func handles(s []Handle) (*Handle, C.int64_t) { return unsafe.SliceData(s), C.int64_t(len(s)) }

func flag(b bool) C.int32_t {
	if b {
		return 1
	}
	return 0
}

func take(text *C.char) string {
	s := C.GoString(text)
	C.free(unsafe.Pointer(text))
	return s
}
