package torch

import "fmt"

// DType is the type of a tensor's elements. The numbers are those of c10::ScalarType.
type DType int32

// The element types.
const (
	Uint8    DType = 0
	Int8     DType = 1
	Int32    DType = 3
	Int64    DType = 4
	Float16  DType = 5
	Float32  DType = 6
	Float64  DType = 7
	Bool     DType = 11
	BFloat16 DType = 15
)

var dtypes = map[DType]struct {
	name string
	size int
}{
	Uint8: {"uint8", 1}, Int8: {"int8", 1}, Int32: {"int32", 4}, Int64: {"int64", 8}, Bool: {"bool", 1},
	Float16: {"float16", 2}, BFloat16: {"bfloat16", 2}, Float32: {"float32", 4}, Float64: {"float64", 8},
}

// String returns PyTorch's name of the type: "float32".
func (d DType) String() string {
	if t, ok := dtypes[d]; ok {
		return t.name
	}
	return fmt.Sprintf("dtype(%d)", int32(d))
}

// Size returns the bytes of one element, 0 for a type this package does not know.
func (d DType) Size() int { return dtypes[d].size }

// IsFloat says whether d is a floating-point type.
func (d DType) IsFloat() bool {
	return d == Float16 || d == BFloat16 || d == Float32 || d == Float64
}

// ParseDType reads PyTorch's name of a type.
func ParseDType(name string) (DType, error) {
	for d, t := range dtypes {
		if t.name == name {
			return d, nil
		}
	}
	return 0, fmt.Errorf("torch: no element type is called %q: float32, bfloat16, float16, float64, int64, int32, int8, uint8 or bool", name)
}

// Device is where a tensor lies: [CPU], or the number of a CUDA device.
type Device int

// CPU is main memory.
const CPU Device = -1

// String returns PyTorch's name: "cpu", "cuda:0".
func (d Device) String() string {
	if d == CPU {
		return "cpu"
	}
	return fmt.Sprintf("cuda:%d", int(d))
}
