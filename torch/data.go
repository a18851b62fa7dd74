package torch

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ajolote-ai/ajolote/internal/ctorch"
)

// Element is a Go type whose slices become tensors and come back: each is the element type of the same name, bool is Bool.
type Element interface {
	float32 | float64 | int64 | int32 | int8 | uint8 | bool
}

func dtypeOf[E Element]() DType {
	var e E
	switch any(e).(type) {
	case float32:
		return Float32
	case float64:
		return Float64
	case int64:
		return Int64
	case int32:
		return Int32
	case int8:
		return Int8
	case uint8:
		return Uint8
	}
	return Bool
}

// FromSlice copies data into a new tensor on the CPU, in row-major order; no sizes make a scalar. s may be nil.
func FromSlice[E Element](s *Scope, data []E, shape ...int) *Tensor {
	return fromMemory(s, unsafe.Pointer(unsafe.SliceData(data)), len(data), dtypeOf[E](), shape)
}

// FromBytes copies raw elements in the machine's byte order, as files hold them, into a new tensor on the CPU.
func FromBytes(s *Scope, data []byte, dtype DType, shape ...int) *Tensor {
	if size := dtype.Size(); size == 0 || len(data)%size != 0 {
		panic(&Error{Op: "FromBytes", Msg: fmt.Sprintf("%d bytes are no whole number of %s", len(data), dtype)})
	}
	return fromMemory(s, unsafe.Pointer(unsafe.SliceData(data)), len(data)/dtype.Size(), dtype, shape)
}

func fromMemory(s *Scope, data unsafe.Pointer, elements int, dtype DType, shape []int) *Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	if n != elements {
		panic(&Error{Op: "FromSlice", Msg: fmt.Sprintf("%d elements do not fill shape %d", elements, shape)})
	}
	return create("FromSlice", s, func(out *ctorch.Handle) error { return ctorch.FromData(data, shape, int32(dtype), out) })
}

// ToSlice copies the elements, in row-major order, from any device. E must be the element type of t.
func ToSlice[E Element](t *Tensor) []E {
	if want := t.DType(); want != dtypeOf[E]() {
		panic(&Error{Op: "ToSlice", Shapes: []string{t.describe()}, Msg: fmt.Sprintf("the elements are %s, not %s: convert with To", want, dtypeOf[E]())})
	}
	out := make([]E, t.Len())
	var e E
	t.copyOut("ToSlice", unsafe.Pointer(unsafe.SliceData(out)), len(out)*int(unsafe.Sizeof(e)))
	return out
}

// Bytes copies the elements as raw bytes in the machine's order.
func (t *Tensor) Bytes() []byte {
	out := make([]byte, t.Len()*t.DType().Size())
	t.copyOut("Bytes", unsafe.Pointer(unsafe.SliceData(out)), len(out))
	return out
}

// Floats copies the elements of any type as float32.
func (t *Tensor) Floats() []float32 {
	if t.DType() == Float32 {
		return ToSlice[float32](t)
	}
	s := NewScope("Floats")
	defer s.Close()
	return ToSlice[float32](t.In(s).To(Float32))
}

func (t *Tensor) copyOut(op string, data unsafe.Pointer, bytes int) {
	h := t.alive(op)
	if err := ctorch.ToData(h, data, bytes); err != nil {
		fail(err, op, t)
	}
	runtime.KeepAlive(t)
}

// Data returns the memory of a contiguous tensor on the CPU, without copying. It is valid until t is freed, and writing to
// it writes to the tensor.
func (t *Tensor) Data() []byte {
	h := t.alive("Data")
	p, n, err := ctorch.DataPointer(h)
	if err != nil {
		fail(err, "Data", t)
	}
	runtime.KeepAlive(t)
	return unsafe.Slice((*byte)(p), n)
}

// Item returns the one number that t holds, as float64.
func (t *Tensor) Item() float64 {
	h := t.alive("Item")
	v, err := ctorch.Item(h)
	if err != nil {
		fail(err, "Item", t)
	}
	runtime.KeepAlive(t)
	return v
}
