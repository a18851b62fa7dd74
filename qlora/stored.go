package qlora

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

// The endings, after a weight's name, of the tensors that bitsandbytes stores with it.
const (
	endAbsmax       = ".absmax"
	endQuantMap     = ".quant_map"
	endNestedAbsmax = ".nested_absmax"
	endNestedMap    = ".nested_quant_map"
	endState        = ".quant_state.bitsandbytes__nf4"
)

// StoredNames lists the names that the tensors of a quantised weight can have in a checkpoint: its own
// ("model.layers.0.mlp.up_proj.weight") and that followed by ".absmax", ".quant_map", ".nested_absmax",
// ".nested_quant_map" and ".quant_state.bitsandbytes__nf4".
func StoredNames(name string) []string {
	return []string{name, name + endAbsmax, name + endNestedAbsmax, name + endNestedMap, name + endQuantMap, name + endState}
}

// IsStored tells whether a checkpoint holds the weight in NF4. Nothing else does: a configuration may say what was not done.
func IsStored(w *safetensors.Weights, name string) bool { return w.Tensor(name+endState) != nil }

// Stored is one tensor of a quantised weight as a file holds it. Data is memory of the weight: it is not to be changed, and
// gone when the weight is freed.
type Stored struct {
	safetensors.Spec
	Data []byte
}

// Stored lists the tensors under which a checkpoint keeps w, given the weight's name in it: what bitsandbytes' state_dict
// holds, byte for byte.
func (w *Weight) Stored(name string) (list []Stored, err error) {
	defer torch.Catch(&err)
	for ending, t := range w.tensors() {
		spec := safetensors.Spec{Name: name + ending, DType: safetensors.U8}
		if t.DType() == torch.Float32 {
			spec.DType = safetensors.F32
		}
		for _, d := range t.Shape() {
			spec.Shape = append(spec.Shape, int64(d))
		}
		list = append(list, Stored{spec, t.Data()})
	}
	return list, nil
}

func (w *Weight) blocks() int { return (w.Elements() + w.NF4.BlockSize - 1) / w.NF4.BlockSize }

// Read reads a weight that a checkpoint holds in NF4. An error names every tensor that is missing or does not fit.
func Read(weights *safetensors.Weights, name string) (w *Weight, err error) {
	defer torch.Catch(&err)
	text := weights.Tensor(name + endState)
	if text == nil {
		return nil, fmt.Errorf("tensor %s is not stored in NF4: %s is missing", name, name+endState)
	}
	data, err := text.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: tensor %s: %w", text.File(), text.Name, err)
	}
	state, err := parseState(data)
	if err != nil {
		return nil, fmt.Errorf("%s: tensor %s: %w", text.File(), text.Name, err)
	}
	w = newWeight(state.Shape, stateDTypes[state.DType], state.BlockSize)
	r := reader{weights: weights, name: name}
	blocks := w.blocks()
	w.NF4.Codes = r.read("", torch.Uint8, (w.Elements()+1)/2)
	if state.NestedOffset == nil {
		w.NF4.Absmax = r.read(endAbsmax, torch.Float32, blocks)
	} else {
		w.NF4.Absmax = r.read(endAbsmax, torch.Uint8, blocks)
		w.NF4.Nested = &torch.NestedAbsmax{
			Absmax: r.read(endNestedAbsmax, torch.Float32, (blocks+255)/256),
			Map:    r.read(endNestedMap, torch.Float32, 256),
			Offset: float32(*state.NestedOffset),
		}
	}
	r.checkLevels()
	w.describe()
	if err := errors.Join(r.faults...); err != nil {
		w.Free()
		return nil, err
	}
	return w, nil
}

// reader reads the tensors of one weight and gathers what is wrong with them.
type reader struct {
	weights *safetensors.Weights
	name    string
	faults  []error
}

// read copies a tensor of n elements into memory of its own. Of the codes only the bytes count: bitsandbytes can declare
// them as another type (bnb_4bit_quant_storage).
func (r *reader) read(ending string, dtype torch.DType, n int) *torch.Tensor {
	stored := r.weights.Tensor(r.name + ending)
	if stored == nil {
		r.faults = append(r.faults, fmt.Errorf("tensor %s is missing, which the NF4 weight %s needs", r.name+ending, r.name))
		return nil
	}
	fail := func(format string, args ...any) *torch.Tensor {
		r.faults = append(r.faults, fmt.Errorf("%s: tensor %s: %w", stored.File(), stored.Name, fmt.Errorf(format, args...)))
		return nil
	}
	want := safetensors.U8
	if dtype == torch.Float32 {
		want = safetensors.F32
	}
	if bytes := int64(n * dtype.Size()); stored.Bytes() != bytes || ending != "" && stored.DType != want {
		return fail("%s %d holds %d bytes, where its quant_state asks for %d of %s", stored.DType, stored.Shape, stored.Bytes(),
			bytes, want)
	}
	shape := []int{n}
	if ending == "" {
		shape = []int{n, 1}
	}
	t := torch.Empty(nil, torch.Options{DType: dtype, Device: torch.CPU}, shape...)
	if err := tensorfile.ReadInto(t.Data(), stored); err != nil {
		t.Free()
		return fail("%w", err)
	}
	if i := notFinite(t); i >= 0 {
		t.Free()
		return fail("element %d is not finite: the file is damaged", i)
	}
	return t
}

// notFinite returns the place of the first infinity or NaN in a float32 tensor; -1 when there is none, or t is of bytes.
func notFinite(t *torch.Tensor) int {
	if t.DType() != torch.Float32 {
		return -1
	}
	const exponent = 0x7f800000
	for data, i := t.Data(), 0; 4*i < len(data); i++ {
		if binary.NativeEndian.Uint32(data[4*i:])&exponent == exponent {
			return i
		}
	}
	return -1
}

// checkLevels refuses a weight whose codes stand for other levels than those of NF4.
func (r *reader) checkLevels() {
	found := r.read(endQuantMap, torch.Float32, 16)
	if found == nil {
		return
	}
	defer found.Free()
	s := torch.NewScope("Read")
	defer s.Close()
	levels, _ := torch.NF4Tables(s)
	if string(found.Bytes()) != string(levels.Bytes()) {
		r.faults = append(r.faults, fmt.Errorf("tensor %s: its levels are not those of NF4", r.name+endQuantMap))
	}
}
