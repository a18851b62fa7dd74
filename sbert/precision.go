package sbert

import (
	"fmt"
	"math"
)

// Ranges are the smallest and largest value of each dimension: what int8 codes are laid between.
type Ranges struct{ Low, High []float32 }

// Calibrate takes the ranges of vectors.
func (v *Vectors) Calibrate() Ranges {
	r := Ranges{make([]float32, v.Dimensions), make([]float32, v.Dimensions)}
	for d := range v.Dimensions {
		r.Low[d], r.High[d] = float32(math.Inf(1)), float32(math.Inf(-1))
	}
	for i := range v.Rows {
		for d, x := range v.Row(i) {
			r.Low[d], r.High[d] = min(r.Low[d], x), max(r.High[d], x)
		}
	}
	return r
}

// Int8 codes each dimension's range in 256 steps from -128 on, as sentence-transformers' quantize_embeddings does. Values
// outside of the ranges take the nearest end.
func (v *Vectors) Int8(r Ranges) ([]int8, error) {
	if len(r.Low) != v.Dimensions {
		return nil, fmt.Errorf("sbert: the ranges are of %d dimensions, the vectors of %d", len(r.Low), v.Dimensions)
	}
	codes := make([]int8, len(v.Data))
	for i, x := range v.Data {
		d := i % v.Dimensions
		step := (r.High[d] - r.Low[d]) / 255
		if step > 0 {
			codes[i] = int8(math.Trunc(min(max(float64((x-r.Low[d])/step)-128, -128), 127)))
		}
	}
	return codes, nil
}

// Binary keeps the sign of each number, eight in a byte, the first in the highest bit: sentence-transformers' ubinary. Its
// binary is the same less 128.
func (v *Vectors) Binary() []uint8 {
	width := (v.Dimensions + 7) / 8
	bits := make([]uint8, v.Rows*width)
	for i := range v.Rows {
		for d, x := range v.Row(i) {
			if x > 0 {
				bits[i*width+d/8] |= 0x80 >> (d % 8)
			}
		}
	}
	return bits
}
