package ctorch

// #cgo noescape aj_thread_keep
// #cgo nocallback aj_thread_keep
// #cgo noescape aj_thread_kept
// #cgo nocallback aj_thread_kept
// #include "thread.h"
import "C"

// KeepThread marks the calling system thread.
func KeepThread() { C.aj_thread_keep() }

// ThreadKept says whether the calling system thread is marked.
func ThreadKept() bool { return C.aj_thread_kept() != 0 }
