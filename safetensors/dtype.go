package safetensors

// The element types of the format, in the order of the reference library's own
// enumeration (safetensors 0.8.0, tensor.rs): its writer sorts tensors by it.

import "fmt"

// A DType is the element type of a tensor. The zero value is no type.
type DType uint8

// The types that a header can name. Their order is the reference writer's:
// see [SortAsPython].
const (
	Bool   DType = iota + 1 // one byte an element, 0 or 1
	F4                      // two elements a byte
	F6E2M3                  // four elements in three bytes
	F6E3M2
	U8
	I8
	F8E5M2
	F8E4M3
	F8E8M0
	F8E4M3FNUZ
	F8E5M2FNUZ
	I16
	U16
	F16
	BF16
	I32
	U32
	F32
	C64 // two float32: real, imaginary
	F64
	I64
	U64
)

var dtypes = [...]struct {
	name string
	bits int
}{
	Bool:       {"BOOL", 8},
	F4:         {"F4", 4},
	F6E2M3:     {"F6_E2M3", 6},
	F6E3M2:     {"F6_E3M2", 6},
	U8:         {"U8", 8},
	I8:         {"I8", 8},
	F8E5M2:     {"F8_E5M2", 8},
	F8E4M3:     {"F8_E4M3", 8},
	F8E8M0:     {"F8_E8M0", 8},
	F8E4M3FNUZ: {"F8_E4M3FNUZ", 8},
	F8E5M2FNUZ: {"F8_E5M2FNUZ", 8},
	I16:        {"I16", 16},
	U16:        {"U16", 16},
	F16:        {"F16", 16},
	BF16:       {"BF16", 16},
	I32:        {"I32", 32},
	U32:        {"U32", 32},
	F32:        {"F32", 32},
	C64:        {"C64", 64},
	F64:        {"F64", 64},
	I64:        {"I64", 64},
	U64:        {"U64", 64},
}

// String gives the name that stands in a header: "F32", "BF16", "F8_E4M3", ...
func (d DType) String() string {
	if !d.valid() {
		return fmt.Sprintf("DType(%d)", uint8(d))
	}
	return dtypes[d].name
}

// Bits is the size of one element in bits. It is below 8 for F4 and the F6 types.
func (d DType) Bits() int {
	if !d.valid() {
		return 0
	}
	return dtypes[d].bits
}

// Size is the size of one element in bytes, 0 for the types smaller than a byte.
func (d DType) Size() int { return d.Bits() / 8 }

func (d DType) valid() bool { return d >= Bool && d <= U64 }

// ParseDType is the inverse of [DType.String].
func ParseDType(name string) (DType, error) {
	for d := Bool; d <= U64; d++ {
		if dtypes[d].name == name {
			return d, nil
		}
	}
	return 0, fmt.Errorf("unknown element type %q", name)
}
