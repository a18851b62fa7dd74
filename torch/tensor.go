package torch

import (
	"fmt"
	"runtime"

	"github.com/ajolote-ai/ajolote/internal/ctorch"
)

// Tensor is a handle to a libtorch tensor. See the package comment for who owns it.
type Tensor struct {
	h     ctorch.Handle
	scope *Scope // nil: long-lived
	place int    // in the scope's list
	net   runtime.Cleanup
}

// alive returns t's handle for the operation op, and panics when it was freed.
func (t *Tensor) alive(op string) ctorch.Handle {
	if t == nil {
		panic(&Error{Op: op, Msg: "an operand is nil"})
	}
	if t.closed() {
		if t.scope != nil {
			panic(&Error{Op: op, Msg: fmt.Sprintf("an operand was freed when its scope %q was closed; keep it with Keep", t.scope)})
		}
		panic(&Error{Op: op, Msg: "an operand was freed with Free"})
	}
	return t.h
}

func (t *Tensor) closed() bool { return t.h == nil || t.scope != nil && t.scope.closed }

// handle returns the handle of an optional operand: null for nil.
func (t *Tensor) handle() ctorch.Handle {
	if t == nil {
		return nil
	}
	return t.h
}

// apply runs one operation of one result on its operands, none of them nil.
func apply(op string, f func(out *ctorch.Handle) error, operands ...*Tensor) *Tensor {
	scope := scopeOf(op, operands)
	t := &Tensor{}
	if err := f(&t.h); err != nil {
		fail(err, op, operands...)
	}
	scope.adopt(t)
	for _, o := range operands {
		runtime.KeepAlive(o)
	}
	return t
}

// scopeOf finds the scope of a result, after checking that every operand is alive.
func scopeOf(op string, operands []*Tensor) *Scope {
	var scope *Scope
	for _, o := range operands {
		o.alive(op)
		if o.scope != scope {
			scope = innermost(op, scope, o.scope)
		}
	}
	if scope == nil {
		panic(&Error{Op: op, Msg: "no operand has a scope, so the result has none either: say where it goes with x.In(scope)"})
	}
	return scope
}

// change runs an operation that writes into its first operand.
func change(op string, f func() error, operands ...*Tensor) {
	for _, o := range operands {
		o.alive(op)
	}
	if err := f(); err != nil {
		fail(err, op, operands...)
	}
	for _, o := range operands {
		runtime.KeepAlive(o)
	}
}

// create makes a tensor without operands in s, or a long-lived one when s is nil.
func create(op string, s *Scope, f func(out *ctorch.Handle) error) *Tensor {
	mustLoad()
	if s != nil {
		s.mustBeOpen(op)
	}
	t := &Tensor{}
	if err := f(&t.h); err != nil {
		fail(err, op)
	}
	t.own(s)
	return t
}

// own gives a fresh tensor its owner.
func (t *Tensor) own(s *Scope) {
	if s != nil {
		s.adopt(t)
		return
	}
	t.scope = nil
	t.net = runtime.AddCleanup(t, func(h ctorch.Handle) { _ = ctorch.Release([]ctorch.Handle{h}) }, t.h)
}

// In returns another handle to the same data in scope s: the way to use long-lived tensors alone as operands. Gradients
// flow through it.
func (t *Tensor) In(s *Scope) *Tensor {
	if s == nil {
		panic(&Error{Op: "In", Msg: "the scope is nil"})
	}
	h := t.alive("In")
	a := create("In", s, func(out *ctorch.Handle) error { return ctorch.Alias(h, out) })
	runtime.KeepAlive(t)
	return a
}

// Keep moves t outward into s, which lies around t's scope; nil makes it long-lived. It returns t.
func (t *Tensor) Keep(s *Scope) *Tensor {
	t.alive("Keep")
	if t.scope == s {
		return t
	}
	if t.scope == nil || s != nil && !s.contains(t.scope) {
		panic(&Error{Op: "Keep", Msg: fmt.Sprintf("a tensor of scope %q cannot be moved outward to %q, which does not lie around it", t.scope, s)})
	}
	if s != nil {
		s.mustBeOpen("Keep")
	}
	t.scope.disown(t)
	t.own(s)
	return t
}

// Free frees t before its scope is closed, or a long-lived t. Gradients that others still need are not affected. A later
// use panics; freeing twice does nothing.
func (t *Tensor) Free() {
	if t == nil || t.closed() {
		return
	}
	if t.scope != nil {
		t.scope.disown(t)
	} else {
		t.net.Stop()
	}
	_ = ctorch.Release([]ctorch.Handle{t.h})
	t.h = nil
}

// Scope returns the scope that t belongs to; nil for a long-lived tensor.
func (t *Tensor) Scope() *Scope { return t.scope }

func (t *Tensor) info(op string) ctorch.Info {
	var info ctorch.Info
	h := t.alive(op)
	if err := ctorch.GetInfo(h, &info); err != nil {
		fail(err, op, t)
	}
	runtime.KeepAlive(t)
	return info
}

// Shape returns the sizes.
func (t *Tensor) Shape() []int {
	info := t.info("Shape")
	shape := make([]int, info.Rank)
	for i := range shape {
		shape[i] = int(info.Shape[i])
	}
	return shape
}

// Dim returns the size of dimension d; a negative d counts from the last.
func (t *Tensor) Dim(d int) int {
	info := t.info("Dim")
	i := d
	if i < 0 {
		i += int(info.Rank)
	}
	if i < 0 || i >= int(info.Rank) {
		panic(&Error{Op: "Dim", Shapes: []string{t.describe()}, Msg: fmt.Sprintf("there is no dimension %d", d)})
	}
	return int(info.Shape[i])
}

// Rank returns the number of dimensions.
func (t *Tensor) Rank() int { return int(t.info("Rank").Rank) }

// Len returns the number of elements.
func (t *Tensor) Len() int {
	info, n := t.info("Len"), 1
	for _, d := range info.Shape[:info.Rank] {
		n *= int(d)
	}
	return n
}

// DType returns the type of the elements.
func (t *Tensor) DType() DType { return DType(t.info("DType").DType) }

// Device returns where the data lies.
func (t *Tensor) Device() Device { return Device(t.info("Device").Device) }

// IsContiguous says whether the elements lie in row-major order without gaps.
func (t *Tensor) IsContiguous() bool { return t.info("IsContiguous").Contiguous }

// String describes t by shape, type and device, without its values.
func (t *Tensor) String() string {
	if t == nil || t.closed() {
		return "tensor(" + t.describe() + ")"
	}
	return "tensor(" + t.describe() + ", " + t.Device().String() + ")"
}
