package torch

import (
	"runtime"

	"github.com/ajolote-ai/ajolote/internal/ctorch"
)

// NoGrad calls f with recording of gradients turned off.
func NoGrad(f func()) { withGrad(false, f) }

// EnableGrad calls f with recording of gradients turned on, as it is outside of [NoGrad].
func EnableGrad(f func()) { withGrad(true, f) }

func withGrad(on bool, f func()) {
	mustLoad()
	runtime.LockOSThread() // the mode belongs to the thread
	defer runtime.UnlockOSThread()
	before, err := ctorch.SetGradEnabled(on)
	if err != nil {
		fail(err, "NoGrad")
	}
	defer func() { _, _ = ctorch.SetGradEnabled(before) }()
	f()
}

// SetRequiresGrad makes t a leaf that collects a gradient, or no longer. It returns t.
func (t *Tensor) SetRequiresGrad(on bool) *Tensor {
	change("SetRequiresGrad", func() error { return ctorch.SetRequiresGrad(t.h, on) }, t)
	return t
}

// RequiresGrad says whether gradients flow into t.
func (t *Tensor) RequiresGrad() bool { return t.info("RequiresGrad").RequiresGrad }

// Detach returns t's data without its history.
func (t *Tensor) Detach() *Tensor {
	return apply("Detach", func(out *ctorch.Handle) error { return ctorch.Detach(t.h, out) }, t)
}

// Grad returns the gradient that t has collected, in scope s; nil when there is none. It is not copied.
func (t *Tensor) Grad(s *Scope) *Tensor {
	h := t.alive("Grad")
	var g ctorch.Handle
	if err := ctorch.Grad(h, &g); err != nil {
		fail(err, "Grad", t)
	}
	runtime.KeepAlive(t)
	if g == nil {
		return nil
	}
	out := &Tensor{h: g}
	out.own(s)
	return out
}

// SetGrad sets the gradient of t; nil for none.
func (t *Tensor) SetGrad(grad *Tensor) {
	change("SetGrad", func() error { return ctorch.SetGrad(t.h, grad.handle()) }, some(t, grad)...)
}

// Backward adds the gradient of t, a scalar, to every leaf that it depends on, and frees the graph.
func (t *Tensor) Backward() { Backward([]*Tensor{t}, nil) }

// Backward starts at several roots at once. grads is nil, or has for each root the gradient that arrives there, of its
// shape; nil for a scalar root.
func Backward(roots, grads []*Tensor) {
	if grads != nil && len(grads) != len(roots) {
		panic(&Error{Op: "Backward", Msg: "there must be as many gradients as roots"})
	}
	seeds := make([]ctorch.Handle, len(roots))
	for i, g := range grads {
		if g != nil {
			seeds[i] = g.alive("Backward")
		}
	}
	change("Backward", func() error { return ctorch.Backward(handlesOf(roots), seeds, false) }, roots...)
	keepAlive(grads)
}

func keepAlive(list []*Tensor) {
	for _, t := range list {
		runtime.KeepAlive(t)
	}
}
