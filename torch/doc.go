// Package torch is a thin layer of Go over libtorch: tensors, autograd, memory scopes and devices.
//
// The library is opened when the first tensor or scope is made; see [Load]. Operations are methods of [Tensor] named as in
// PyTorch, and panic with [*Error] where PyTorch raises: a formula stays readable, and the exported functions of the
// packages above turn the panic into an error with [Catch] or [Run].
//
// # Memory
//
// A tensor is memory that Go's garbage collector does not see, so it belongs to a [Scope]: closing the scope frees all its
// tensors at once. The result of an operation belongs to the innermost scope of its operands. Parameters and other
// long-lived tensors have no scope (nil); where all operands are such, say where the result goes with [Tensor.In]:
//
//	step := torch.NewScope("step")
//	defer step.Close()
//	x := torch.FromSlice(step, data, 2, 3) // belongs to step
//	y := x.MatMul(weight)                  // so does y; weight has no scope
//	n := weight.In(step).Norm()            // so does n
//	loss.Keep(nil)                         // outlives step; free it with Free
//
// # Threads
//
// Whether gradients are recorded is a property of the operating-system thread, so code that turns it off, or calls
// [Tensor.Backward], runs inside [Run] or [NoGrad], which lock the goroutine to its thread. A tensor and its scope may be
// used by one goroutine at a time; different goroutines may work on different scopes, and share tensors they only read.
// Arithmetic runs on libtorch's own pool of threads.
package torch
