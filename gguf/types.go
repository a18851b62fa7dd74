package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Type is how the numbers of a tensor are stored.
type Type string

// The types that are written.
const (
	F32  Type = "f32"
	F16  Type = "f16"
	BF16 Type = "bf16"
	Q8_0 Type = "q8_0" // blocks of 32: a float16 scale, and 32 signed bytes
)

// block is the number of weights that share a scale in Q8_0.
const block = 32

var codes = map[Type]uint32{F32: 0, F16: 1, Q8_0: 8, BF16: 30}

// fileTypes are the numbers of general.file_type: what most tensors of the file are.
var fileTypes = map[Type]uint32{F32: 0, F16: 1, Q8_0: 7, BF16: 32}

// ParseType reads a type by its name; the error lists the names.
func ParseType(name string) (Type, error) {
	if _, ok := codes[Type(name)]; !ok {
		return "", fmt.Errorf("gguf: %q is no type that is written: f32, f16, bf16 or q8_0", name)
	}
	return Type(name), nil
}

func (t Type) code() uint32 { return codes[t] }

func (t Type) bytes(elements int64) int64 {
	switch t {
	case F32:
		return 4 * elements
	case Q8_0:
		return elements / block * (2 + block)
	}
	return 2 * elements
}

// encode appends numbers in a type; for Q8_0 their count is a multiple of the block.
func (t Type) encode(to []byte, values []float32) []byte {
	switch t {
	case F32:
		for _, v := range values {
			to = binary.LittleEndian.AppendUint32(to, math.Float32bits(v))
		}
	case F16:
		for _, v := range values {
			to = binary.LittleEndian.AppendUint16(to, float16(v))
		}
	case BF16:
		for _, v := range values {
			to = binary.LittleEndian.AppendUint16(to, bfloat16(v))
		}
	case Q8_0:
		for i := 0; i < len(values); i += block {
			to = appendBlock(to, values[i:i+block])
		}
	}
	return to
}

// appendBlock is ggml's quantize_row_q8_0: the scale is the largest magnitude over 127, and halves round away from zero.
func appendBlock(to []byte, values []float32) []byte {
	largest := float32(0)
	for _, v := range values {
		largest = max(largest, float32(math.Abs(float64(v))))
	}
	scale := largest / 127
	inverse := float32(0)
	if scale != 0 {
		inverse = 1 / scale
	}
	to = binary.LittleEndian.AppendUint16(to, float16(scale))
	for _, v := range values {
		to = append(to, byte(int8(math.Round(float64(v*inverse)))))
	}
	return to
}

// bfloat16 rounds to nearest, ties to even.
func bfloat16(v float32) uint16 {
	b := math.Float32bits(v)
	if v != v {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// float16 rounds to nearest, ties to even; what is too large becomes infinite.
func float16(v float32) uint16 {
	b := math.Float32bits(v)
	sign := uint16(b >> 16 & 0x8000)
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000:
		return sign | 0x7e00
	case b >= 0x477ff000: // rounds to 65536 or beyond
		return sign | 0x7c00
	case b >= 0x38800000: // normal
		b += 0xfff + b>>13&1
		return sign | uint16((b-0x38000000)>>13)
	}
	// Below the smallest normal number, units of 2⁻²⁴; the conversion by float64 is exact.
	return sign | uint16(math.RoundToEven(float64(math.Float32frombits(b))*(1<<24)))
}

// widenHalf is the float32 of a float16.
func widenHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h&0x8000)<<16, uint32(h>>10&31), uint32(h&0x3ff)
	switch exponent {
	case 0:
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}
