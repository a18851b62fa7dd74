package qlora

import (
	"context"
	"fmt"

	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

// quantisable are the types of a file that have an NF4 form.
var quantisable = map[safetensors.DType]torch.DType{
	safetensors.F32: torch.Float32, safetensors.BF16: torch.BFloat16, safetensors.F16: torch.Float16,
}

// QuantizeStored quantises a tensor of a checkpoint. Besides the result it needs a fixed 64 MiB, whatever the tensor's size.
func QuantizeStored(t *safetensors.Tensor, o Options) (w *Weight, err error) {
	err = QuantizeAll(context.Background(), []*safetensors.Tensor{t}, o, func(_ int, quantised *Weight) error {
		w = quantised
		return nil
	})
	return w, err
}

// QuantizeAll quantises tensors of a checkpoint one after the other, and gives each with its place in the list to done, which
// owns it from then on. The files are read ahead in pieces, so that disk and cores work at the same time and no tensor is ever
// in memory whole: besides the results a fixed 64 MiB is needed. An error of a tensor names it and its file; ctx stops between
// pieces.
func QuantizeAll(ctx context.Context, tensors []*safetensors.Tensor, o Options, done func(i int, w *Weight) error) (err error) {
	defer torch.Catch(&err)
	for _, t := range tensors {
		if _, ok := quantisable[t.DType]; !ok {
			return fmt.Errorf("%s: tensor %s: %s cannot be quantised: only F32, BF16 and F16", t.File(), t.Name, t.DType)
		}
		if t.Elements() == 0 {
			return fmt.Errorf("%s: tensor %s: %d holds no element to quantise", t.File(), t.Name, t.Shape)
		}
	}
	r := newPieceReader(ctx, tensors)
	defer r.close()
	for i, t := range tensors {
		w, err := quantizeNext(r, t, o)
		if err != nil {
			return fmt.Errorf("%s: tensor %s: %w", t.File(), t.Name, err)
		}
		if err := done(i, w); err != nil {
			return err
		}
	}
	return nil
}

// quantizeNext quantises t, whose pieces r gives next.
func quantizeNext(r *pieceReader, t *safetensors.Tensor, o Options) (*Weight, error) {
	w := newWeight(tensorfile.Shape(t.Shape), quantisable[t.DType], o.blockSize())
	n := w.Elements()
	w.NF4.Codes = torch.Empty(nil, torch.Options{DType: torch.Uint8, Device: torch.CPU}, (n+1)/2, 1)
	w.NF4.Absmax = torch.Empty(nil, torch.Float32CPU, w.blocks())
	for done := 0; done < n; {
		p, err := r.next()
		if err == nil {
			if err = w.quantizePiece(p); err != nil && p.elements < n {
				err = fmt.Errorf("elements %d to %d: %w", p.first, p.first+p.elements, err)
			}
		}
		if err != nil {
			w.Free()
			return nil, err
		}
		done += p.elements
	}
	w.complete(o)
	return w, nil
}

// quantizePiece codes the elements of a piece, which begins with a block.
func (w *Weight) quantizePiece(p *piece) error {
	return torch.Run(func() error {
		s := torch.NewScope("QuantizeStored")
		defer s.Close()
		codes, absmax := p.buffer.In(s).Narrow(0, 0, p.elements).QuantizeNF4(s, w.NF4.BlockSize)
		copy(w.NF4.Codes.Data()[p.first/2:], codes.Data())
		copy(w.NF4.Absmax.Data()[p.first/w.NF4.BlockSize*4:], absmax.Data())
		return nil
	})
}
