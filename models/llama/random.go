package llama

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
)

// This file: checkpoints of random weights, to measure at full size what a published model would take without having it.

// RandomOptions say how [WriteRandom] writes.
type RandomOptions struct {
	NF4        bool   // linear layers in NF4, double-quantised, in the tensors of bitsandbytes
	Embeddings bool   // with NF4: embedding and head too
	Seed       uint64 // of the weights
}

// WriteRandom writes a model directory of the shape that config, the text of a config.json, says: bfloat16 weights of deviation
// 0.02, norms of one, biases of zero, a file for each layer and one for the rest. The same seed gives the same bytes. Whatever
// the size, one tensor is in memory at a time, and config.json comes last.
func WriteRandom(ctx context.Context, dir string, config []byte, o RandomOptions) (err error) {
	defer torch.Catch(&err)
	c, err := ParseConfig(config)
	if err != nil {
		return fmt.Errorf("llama: config.json: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("llama: %w", err)
	}
	w := randomWriter{dir: dir, files: c.Layers + 1, values: newRandomValues(o.Seed), options: o, index: map[string]string{}}
	linears := c.linears()
	perLayer := len(linears) / c.Layers
	for i := range c.Layers {
		if err := ctx.Err(); err != nil {
			return err
		}
		norms := []string{layerName(i) + "input_layernorm.weight", layerName(i) + "post_attention_layernorm.weight"}
		if err := w.file(linears[i*perLayer:(i+1)*perLayer], norms, c.HiddenSize, o.NF4); err != nil {
			return fmt.Errorf("llama: %w", err)
		}
	}
	ends := []linearShape{{"model.embed_tokens", c.VocabSize, c.HiddenSize, false}}
	if !c.TieHead {
		ends = append(ends, linearShape{"lm_head", c.VocabSize, c.HiddenSize, false})
	}
	if err := w.file(ends, []string{"model.norm.weight"}, c.HiddenSize, o.NF4 && o.Embeddings); err != nil {
		return fmt.Errorf("llama: %w", err)
	}
	text, err := json.Marshal(map[string]any{"metadata": map[string]any{}, "weight_map": w.index})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), text, 0o644)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644)
	}
	if err != nil {
		return fmt.Errorf("llama: %w", err)
	}
	return nil
}

// randomWriter writes the files of one directory.
type randomWriter struct {
	dir           string
	files, number int
	values        *randomValues
	options       RandomOptions
	index         map[string]string
}

// file writes the next file: matrices with their biases, and norms.
func (w *randomWriter) file(matrices []linearShape, norms []string, hidden int, quantise bool) error {
	w.number++
	name := fmt.Sprintf("model-%05d-of-%05d.safetensors", w.number, w.files)
	var specs []safetensors.Spec
	add := func(list ...safetensors.Spec) {
		for _, s := range list {
			specs = append(specs, s)
			w.index[s.Name] = name
		}
	}
	bfloat16 := func(name string, shape ...int64) safetensors.Spec {
		return safetensors.Spec{Name: name, DType: safetensors.BF16, Shape: shape}
	}
	// A quantised weight's description holds numbers as text, so that it must be made before its file can be laid out.
	quantised := map[string][]qlora.Stored{}
	for _, m := range matrices {
		matrix := bfloat16(m.name+".weight", int64(m.out), int64(m.in))
		if quantise {
			parts, free, err := w.quantised(matrix)
			if err != nil {
				return err
			}
			defer free()
			quantised[matrix.Name] = parts
			for _, part := range parts {
				add(part.Spec)
			}
		} else {
			add(matrix)
		}
		if m.bias {
			add(bfloat16(m.name+".bias", int64(m.out)))
		}
	}
	for _, norm := range norms {
		add(bfloat16(norm, int64(hidden)))
	}
	out, err := safetensors.Create(filepath.Join(w.dir, name), specs, nil)
	if err != nil {
		return err
	}
	defer out.Abort()
	for _, m := range matrices {
		if parts := quantised[m.name+".weight"]; parts != nil {
			for _, part := range parts {
				if err := out.Write(part.Name, part.Data); err != nil {
					return err
				}
			}
		} else if err := w.stream(out, m.name+".weight"); err != nil {
			return err
		}
		if m.bias {
			if err := out.Write(m.name+".bias", make([]byte, 2*m.out)); err != nil {
				return err
			}
		}
	}
	ones := make([]byte, 2*hidden)
	for i := 0; i < len(ones); i += 2 {
		binary.LittleEndian.PutUint16(ones[i:], 0x3f80)
	}
	for _, norm := range norms {
		if err := out.Write(norm, ones); err != nil {
			return err
		}
	}
	return out.Commit()
}

// stream writes a tensor of random values in pieces.
func (w *randomWriter) stream(out *safetensors.Writer, name string) error {
	t, err := out.Tensor(name)
	if err != nil {
		return err
	}
	_, err = io.CopyN(t, w.values, t.Bytes())
	return err
}

// quantised makes a tensor of random values and quantises it; free frees the memory of the parts.
func (w *randomWriter) quantised(s safetensors.Spec) (parts []qlora.Stored, free func(), err error) {
	t := torch.Empty(nil, torch.Options{DType: torch.BFloat16, Device: torch.CPU}, int(s.Shape[0]), int(s.Shape[1]))
	defer t.Free()
	if _, err := io.ReadFull(w.values, t.Data()); err != nil {
		return nil, nil, err
	}
	q, err := qlora.Quantize(s.Name, t, qlora.Options{DoubleQuant: true})
	if err != nil {
		return nil, nil, err
	}
	parts, err = q.Stored(s.Name)
	return parts, q.Free, err
}

// randomValues is an endless stream of bfloat16 numbers, normal of deviation 0.02: one block over and over, of a length that
// shares no factor with the width of a matrix, so that no two rows are alike for a long time. Drawing each number would take
// longer than all that is to be measured.
type randomValues struct {
	block []byte
	at    int
}

func newRandomValues(seed uint64) *randomValues {
	const count = 1<<21 - 9 // a prime
	r := rand.New(rand.NewPCG(seed, 1))
	v := &randomValues{block: make([]byte, 2*count)}
	for i := range count {
		binary.LittleEndian.PutUint16(v.block[2*i:], uint16(math.Float32bits(float32(r.NormFloat64()*0.02))>>16))
	}
	return v
}

// Read fills p.
func (v *randomValues) Read(p []byte) (int, error) {
	for done := 0; done < len(p); {
		n := copy(p[done:], v.block[v.at:])
		done, v.at = done+n, (v.at+n)%len(v.block)
	}
	return len(p), nil
}
