// Package tensorfile moves tensors between package torch and safetensors files, which know nothing of each other.
package tensorfile

import (
	"fmt"
	"iter"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
)

var pairs = []struct {
	file  safetensors.DType
	torch torch.DType
}{
	{safetensors.F32, torch.Float32}, {safetensors.BF16, torch.BFloat16}, {safetensors.F16, torch.Float16}, {safetensors.F64, torch.Float64},
	{safetensors.I64, torch.Int64}, {safetensors.I32, torch.Int32}, {safetensors.I8, torch.Int8}, {safetensors.U8, torch.Uint8}, {safetensors.Bool, torch.Bool},
}

// DType is the element type of torch for one of a file. The error names a type that torch tensors do not have here.
func DType(d safetensors.DType) (torch.DType, error) {
	for _, p := range pairs {
		if p.file == d {
			return p.torch, nil
		}
	}
	return 0, fmt.Errorf("elements of type %v cannot be made a tensor", d)
}

// FileDType is the element type of a file for one of torch.
func FileDType(d torch.DType) safetensors.DType {
	for _, p := range pairs {
		if p.torch == d {
			return p.file
		}
	}
	panic(fmt.Sprintf("tensorfile: no type of safetensors is torch's %v", d))
}

// Shape is a file's shape as torch has it.
func Shape(file []int64) []int {
	shape := make([]int, len(file))
	for i, d := range file {
		shape[i] = int(d)
	}
	return shape
}

// SameShape says whether a file's shape is shape.
func SameShape(file []int64, shape []int) bool { return slices.Equal(Shape(file), shape) }

// Spec declares t for a file.
func Spec(name string, t *torch.Tensor) safetensors.Spec {
	spec := safetensors.Spec{Name: name, DType: FileDType(t.DType())}
	for _, d := range t.Shape() {
		spec.Shape = append(spec.Shape, int64(d))
	}
	return spec
}

// chunkBytes is how much one read asks for. Several go on at once, so that one thread's page faults are not the limit.
const chunkBytes = 8 << 20

// Read makes a tensor of what the file holds, of the file's type, in s; nil for a long-lived one.
func Read(s *torch.Scope, source *safetensors.Tensor) (t *torch.Tensor, err error) {
	dtype, err := DType(source.DType)
	if err != nil {
		return nil, fmt.Errorf("%s: tensor %s: %w", source.File(), source.Name, err)
	}
	t = torch.Empty(s, torch.Options{DType: dtype, Device: torch.CPU}, Shape(source.Shape)...)
	if err := ReadInto(t.Data(), source); err != nil {
		t.Free()
		return nil, fmt.Errorf("%s: tensor %s: %w", source.File(), source.Name, err)
	}
	return t, nil
}

// ReadInto fills data, as long as the tensor, with its bytes, read in parallel ranges.
func ReadInto(data []byte, source *safetensors.Tensor) error {
	var g errgroup.Group
	g.SetLimit(2 * runtime.GOMAXPROCS(0))
	for at := 0; at < len(data); at += chunkBytes {
		piece := data[at:min(at+chunkBytes, len(data))]
		g.Go(func() error {
			_, err := source.ReadAt(piece, int64(at))
			return err
		})
	}
	return g.Wait()
}

// Save writes tensors into one file, in the order of Python's writer. The file appears when it is complete.
func Save(path string, tensors iter.Seq2[string, *torch.Tensor]) (err error) {
	defer torch.Catch(&err)
	var specs []safetensors.Spec
	for name, t := range tensors {
		specs = append(specs, Spec(name, t))
	}
	safetensors.SortAsPython(specs)
	w, err := safetensors.Create(path, specs, nil)
	if err != nil {
		return err
	}
	defer w.Abort()
	for name, t := range tensors {
		if err := w.Write(name, t.Bytes()); err != nil {
			return err
		}
	}
	return w.Commit()
}
