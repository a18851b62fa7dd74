package gguf

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/ajolote-ai/ajolote/safetensors"
)

// bandBytes is about how much of a tensor is in memory at once.
const bandBytes = 8 << 20

// converted describes a stored tensor under another name and in another type. heads, unless 0, is the number of heads whose
// rows are put in llama.cpp's order, factor what the numbers are multiplied by.
func (e *export) converted(source *safetensors.Tensor, name string, kind Type, heads int, factor float32) tensor {
	t := tensor{name: name, shape: source.Shape, kind: kind}
	if len(source.Shape) == 1 {
		t.kind = F32 // as llama.cpp has them
	} else if kind == Q8_0 && source.Shape[len(source.Shape)-1]%block != 0 {
		t.kind = F16
	}
	t.data = func(w io.Writer) error {
		width := int64(1)
		for _, d := range source.Shape[1:] {
			width *= d
		}
		rows := source.Shape[0]
		band := max(1, bandBytes/(4*max(width, 1)))
		if heads > 0 {
			band = rows / int64(heads)
		}
		if len(source.Shape) == 1 {
			band = rows
		}
		size := int64(source.DType.Size())
		var encoded []byte
		for from := int64(0); from < rows; from += band {
			if err := e.ctx.Err(); err != nil {
				return err
			}
			n := min(band, rows-from)
			raw := make([]byte, n*width*size)
			if _, err := source.ReadAt(raw, from*width*size); err != nil && err != io.EOF {
				return err
			}
			values := widen(raw, source.DType)
			if heads > 0 {
				values = interleaved(values, int(width))
			}
			if factor != 1 {
				for i := range values {
					values[i] *= factor
				}
			}
			encoded = t.kind.encode(encoded[:0], values)
			if _, err := w.Write(encoded); err != nil {
				return err
			}
			e.done += int64(len(raw))
			if e.Progress != nil {
				e.Progress(e.done, e.total)
			}
		}
		return nil
	}
	return t
}

// interleaved puts the rows of a head in pairs: rotary embeddings turn row i with row i+D/2 in Hugging Face's models and row
// 2i with 2i+1 in llama.cpp's.
func interleaved(values []float32, width int) []float32 {
	half := len(values) / width / 2
	out := make([]float32, 0, len(values))
	for i := range half {
		out = append(out, values[i*width:(i+1)*width]...)
		out = append(out, values[(half+i)*width:(half+i+1)*width]...)
	}
	return out
}

func widen(raw []byte, dtype safetensors.DType) []float32 {
	size := dtype.Size()
	values := make([]float32, len(raw)/size)
	for i := range values {
		at := raw[i*size:]
		switch dtype {
		case safetensors.F32:
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(at))
		case safetensors.BF16:
			values[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(at)) << 16)
		case safetensors.F16:
			values[i] = widenHalf(binary.LittleEndian.Uint16(at))
		}
	}
	return values
}

// dense says why a tensor cannot be converted.
func dense(t *safetensors.Tensor) error {
	switch t.DType {
	case safetensors.F32, safetensors.F16, safetensors.BF16:
		return nil
	}
	return fmt.Errorf("gguf: %s: tensor %s has type %v: only F32, F16 and BF16 are converted; of an NF4 model, export the one that it was made from",
		t.File(), t.Name, t.DType)
}

// export is an export at work.
type export struct {
	Options
	ctx         context.Context
	done, total int64
}
