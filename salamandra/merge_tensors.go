package salamandra

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

// This file: the merged tensors, band by band.

// weights writes all tensors into dir.
func (m *merge) weights(dir string) error {
	w, err := safetensors.CreateSharded(dir, m.specs, safetensors.ShardOptions{MaxShardBytes: m.MaxShardBytes})
	if err != nil {
		return err
	}
	defer w.Abort()
	// Several at once, so that one is read or written while another is computed.
	group, ctx := errgroup.WithContext(m.ctx)
	group.SetLimit(tensorsAtOnce)
	for _, spec := range m.specs {
		group.Go(func() error {
			return torch.Run(func() error { return m.tensor(ctx, w, spec) })
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return w.Commit()
}

const (
	tensorsAtOnce = 3
	// bandBytes is how much of a matrix is in memory at once, in float32.
	bandBytes = 8 << 20
)

// tensor writes one tensor.
func (m *merge) tensor(ctx context.Context, w *safetensors.Writer, spec safetensors.Spec) error {
	source, trained := m.base.Tensor(spec.Name), m.adapter.Whole(spec.Name)
	switch {
	case trained != nil:
		source = trained
	case source == nil: // the head of a base that ties it
		source = m.base.Tensor(embedWeight)
	}
	out, err := w.Tensor(spec.Name)
	if err != nil {
		return err
	}
	module := strings.TrimSuffix(spec.Name, ".weight")
	_, _, adapted := m.adapter.Adapts(module)
	read, free, err := m.rows(source, spec, trained != nil)
	if err != nil {
		return err
	}
	defer free()
	rows := 1
	if len(spec.Shape) > 0 {
		rows = int(spec.Shape[0])
	}
	perRow := int(spec.Elements()) / max(rows, 1)
	band := max(1, bandBytes/4/max(perRow, 1))
	for first := 0; first < rows; first += band {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(band, rows-first)
		s := torch.NewScope("merge")
		t, err := read(s, first, n)
		if err == nil {
			if adapted {
				t = m.adapter.Merge(module, t.To(torch.Float32), first)
			}
			if t.DType().IsFloat() {
				t = t.To(m.dtype)
			}
			_, err = out.Write(t.Contiguous().Data())
		}
		runtime.KeepAlive(t)
		s.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", spec.Name, err)
		}
	}
	m.written.Lock()
	defer m.written.Unlock()
	m.done += spec.Bytes()
	if m.Progress != nil {
		m.Progress(m.done, m.total)
	}
	return nil
}

// rows returns what reads rows of a tensor as training or the file has them; whole says that it was trained in full.
func (m *merge) rows(source *safetensors.Tensor, spec safetensors.Spec, whole bool) (read func(s *torch.Scope, first, n int) (*torch.Tensor, error), free func(), err error) {
	nothing := func() {}
	if !whole && qlora.IsStored(m.base, spec.Name) {
		q, err := qlora.Read(m.base, spec.Name)
		return dequantised(q), q.Free, err
	}
	if !whole && m.Onto == "nf4" && m.quantisedInTraining(spec) {
		q, err := qlora.QuantizeStored(source, qlora.Options{DoubleQuant: true})
		if err != nil {
			return nil, nothing, err
		}
		return dequantised(q), q.Free, nil
	}
	dtype, err := tensorfile.DType(source.DType)
	if err != nil {
		return nil, nothing, fmt.Errorf("%s: %w", source.Name, err)
	}
	return func(s *torch.Scope, first, n int) (*torch.Tensor, error) {
		shape := tensorfile.Shape(source.Shape)
		rowBytes := dtype.Size()
		if len(shape) > 0 {
			for _, d := range shape[1:] {
				rowBytes *= d
			}
			shape[0] = n
		}
		t := torch.Empty(s, torch.Options{DType: dtype, Device: torch.CPU}, shape...)
		_, err := source.ReadAt(t.Data(), int64(first)*int64(rowBytes))
		return t, err
	}, nothing, nil
}

func dequantised(q *qlora.Weight) func(s *torch.Scope, first, n int) (*torch.Tensor, error) {
	var whole *torch.Tensor
	return func(s *torch.Scope, first, n int) (*torch.Tensor, error) {
		// Blocks of 64 may cross rows, so the matrix is decoded as a whole, once.
		if whole == nil {
			var err error
			if whole, err = q.Dequantize(nil, torch.Float32); err != nil {
				return nil, err
			}
		}
		t := whole.In(s).Rows(first, first+n)
		if first+n == whole.Dim(0) {
			whole.Free()
			whole = nil
		}
		return t, nil
	}
}

// quantisedInTraining says whether QLoRA held the tensor in NF4: the weights of linear layers, the head excepted.
func (m *merge) quantisedInTraining(spec safetensors.Spec) bool {
	return len(spec.Shape) == 2 && strings.HasSuffix(spec.Name, "_proj.weight")
}
