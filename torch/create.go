package torch

import "github.com/ajolote-ai/ajolote/internal/ctorch"

// Options say what a new tensor is made of.
type Options struct {
	DType  DType
	Device Device
}

// Float32CPU is what most tensors are.
var Float32CPU = Options{Float32, CPU}

// Empty makes a tensor of unset elements. s may be nil, for a long-lived one, here and in the functions below.
func Empty(s *Scope, o Options, shape ...int) *Tensor {
	return create("Empty", s, func(out *ctorch.Handle) error {
		return ctorch.Empty(shape, int32(o.DType), int(o.Device), out)
	})
}

// Full makes a tensor of one value.
func Full(s *Scope, value float64, o Options, shape ...int) *Tensor {
	return create("Full", s, func(out *ctorch.Handle) error {
		return ctorch.Full(shape, value, int32(o.DType), int(o.Device), out)
	})
}

// Zeros makes a tensor of zeros.
func Zeros(s *Scope, o Options, shape ...int) *Tensor { return Full(s, 0, o, shape...) }

// Ones makes a tensor of ones.
func Ones(s *Scope, o Options, shape ...int) *Tensor { return Full(s, 1, o, shape...) }

// Scalar makes a tensor without dimensions.
func Scalar(s *Scope, value float64, o Options) *Tensor { return Full(s, value, o) }

// Arange makes [from, from+step, ...) up to but not including to.
func Arange(s *Scope, from, to, step float64, o Options) *Tensor {
	return create("Arange", s, func(out *ctorch.Handle) error {
		return ctorch.Arange(from, to, step, int32(o.DType), int(o.Device), out)
	})
}

// To converts to another element type; t itself, in a new handle, when it has it already.
func (t *Tensor) To(dtype DType) *Tensor { return t.to("To", int32(dtype), keepDevice) }

// ToDevice copies to another device; t itself, in a new handle, when it lies there already.
func (t *Tensor) ToDevice(device Device) *Tensor { return t.to("ToDevice", keepType, int(device)) }

// What the C side reads as "unchanged".
const (
	keepType   = -1
	keepDevice = -2
)

func (t *Tensor) to(op string, dtype int32, device int) *Tensor {
	return apply(op, func(out *ctorch.Handle) error { return ctorch.To(t.h, dtype, device, out) }, t)
}

// Clone copies t into row-major order. Gradients flow through.
func (t *Tensor) Clone() *Tensor {
	return apply("Clone", func(out *ctorch.Handle) error { return ctorch.Clone(t.h, out) }, t)
}

// Contiguous returns t in row-major order, copied only when it is not.
func (t *Tensor) Contiguous() *Tensor {
	return apply("Contiguous", func(out *ctorch.Handle) error { return ctorch.Contiguous(t.h, out) }, t)
}

// Copy writes source, broadcast and converted, into t.
func (t *Tensor) Copy(source *Tensor) {
	change("Copy", func() error { return ctorch.CopyInPlace(t.h, source.h) }, t, source)
}

// Fill writes one value into t.
func (t *Tensor) Fill(value float64) {
	change("Fill", func() error { return ctorch.FillInPlace(t.h, value) }, t)
}
