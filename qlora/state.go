package qlora

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
	"github.com/ajolote-ai/ajolote/torch"
)

// state is the JSON text that bitsandbytes stores beside the tensors of a weight (QuantState.as_dict): what they are, and
// the one number of double quantisation. The keys and their order are those of the file.
type state struct {
	QuantType       string   `json:"quant_type"`
	BlockSize       int      `json:"blocksize"`
	DType           string   `json:"dtype"`
	Shape           []int    `json:"shape"`
	NestedBlockSize *int     `json:"nested_blocksize"`
	NestedDType     *string  `json:"nested_dtype"`
	NestedOffset    *float64 `json:"nested_offset"`
}

// maxElements keeps products of sizes far from overflow; the largest models have single tensors below 2³⁴.
const maxElements = 1 << 40

var stateDTypes = map[string]torch.DType{"float32": torch.Float32, "bfloat16": torch.BFloat16, "float16": torch.Float16}

// parseState reads the text and checks that it describes something this package can compute with.
func parseState(text []byte) (state, error) {
	var s state
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, err
	}
	if _, err := d.Token(); err != io.EOF {
		return s, fmt.Errorf("there is more text after the object")
	}
	return s, s.validate()
}

func (s state) validate() error {
	if s.QuantType != "nf4" {
		return fmt.Errorf("quant_type is %q: only nf4 can be read", s.QuantType)
	}
	if s.BlockSize < 32 || s.BlockSize > 4096 || s.BlockSize&(s.BlockSize-1) != 0 {
		return fmt.Errorf("blocksize is %d: it must be a power of two from 32 to 4096", s.BlockSize)
	}
	if _, ok := stateDTypes[s.DType]; !ok {
		return fmt.Errorf("dtype is %q: it must be float32, bfloat16 or float16", s.DType)
	}
	elements := 1
	for _, d := range s.Shape {
		if d < 1 || d > maxElements/elements {
			return fmt.Errorf("shape is %d", s.Shape)
		}
		elements *= d
	}
	if len(s.Shape) == 0 {
		return fmt.Errorf("there is no shape")
	}
	switch nested := s.NestedOffset != nil; {
	case nested != (s.NestedBlockSize != nil) || nested != (s.NestedDType != nil):
		return fmt.Errorf("nested_blocksize, nested_dtype and nested_offset must stand together")
	case !nested:
	case *s.NestedBlockSize != 256:
		return fmt.Errorf("nested_blocksize is %d: only 256 can be read", *s.NestedBlockSize)
	case *s.NestedDType != "float32":
		return fmt.Errorf("nested_dtype is %q: only float32 can be read", *s.NestedDType)
	case math.IsInf(float64(float32(*s.NestedOffset)), 0):
		return fmt.Errorf("nested_offset is %g, too large for float32", *s.NestedOffset)
	}
	return nil
}

// stateOf is the text of w, byte for byte what Python's json.dumps gives bitsandbytes.
func stateOf(w *Weight) []byte {
	shape := make([]any, len(w.Shape))
	for i, d := range w.Shape {
		shape[i] = d
	}
	o := pyjson.NewObject("quant_type", "nf4", "blocksize", w.NF4.BlockSize, "dtype", w.DType.String(), "shape", shape)
	if n := w.NF4.Nested; n != nil {
		o.Set("nested_blocksize", 256)
		o.Set("nested_dtype", "float32")
		o.Set("nested_offset", float64(n.Offset))
	}
	text, err := pyjson.Marshal(o, pyjson.Options{EnsureASCII: true})
	if err != nil {
		panic(fmt.Sprintf("qlora: %v", err)) // the object holds only integers, a float and short strings
	}
	return text
}
