package qlora

import (
	"context"

	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
)

// This file: reading the tensors of a checkpoint in pieces, ahead of their use, through a ring of buffers.

// pieceBytes is how much of a tensor is read and coded at a time: a whole number of the largest blocks.
const pieceBytes = 16 << 20

// ringSize is how many pieces are in memory: one that is coded, the others read or being read.
const ringSize = 4

// piece is a part of a tensor.
type piece struct {
	tensor   *safetensors.Tensor
	dtype    torch.DType
	first    int // element of the tensor
	elements int
	buffer   *torch.Tensor // of dtype, holds at least the elements
	read     chan error    // receives the result of the reading
}

// pieceReader gives the pieces of tensors in order; piece i lies in buffer i modulo ringSize.
type pieceReader struct {
	ctx            context.Context
	pieces         []piece
	buffers        [ringSize]*torch.Tensor
	started, given int // pieces whose reading has begun, and those that next has returned
}

func newPieceReader(ctx context.Context, tensors []*safetensors.Tensor) *pieceReader {
	r := &pieceReader{ctx: ctx}
	for _, t := range tensors {
		dtype := quantisable[t.DType]
		most, n := pieceBytes/dtype.Size(), int(t.Elements())
		for first := 0; first < n; first += most {
			r.pieces = append(r.pieces, piece{tensor: t, dtype: dtype, first: first, elements: min(most, n-first)})
		}
	}
	return r
}

// next returns the next piece. The one before it may not be used any more: its buffer takes a piece further on.
func (r *pieceReader) next() (*piece, error) {
	for r.started < min(len(r.pieces), r.given+ringSize) {
		r.start(r.started)
		r.started++
	}
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	p := &r.pieces[r.given]
	r.given++
	return p, <-p.read
}

// start begins to read piece i.
func (r *pieceReader) start(i int) {
	p, buffer := &r.pieces[i], &r.buffers[i%ringSize]
	if *buffer == nil || (*buffer).DType() != p.dtype {
		(*buffer).Free()
		*buffer = torch.Empty(nil, torch.Options{DType: p.dtype, Device: torch.CPU}, pieceBytes/p.dtype.Size())
	}
	p.buffer, p.read = *buffer, make(chan error, 1)
	size := p.dtype.Size()
	data := p.buffer.Data()[:p.elements*size]
	go func() {
		_, err := p.tensor.ReadAt(data, int64(p.first*size))
		p.read <- err
	}()
}

// close waits for what is still being read, and frees the buffers.
func (r *pieceReader) close() {
	for i := r.given; i < r.started; i++ {
		<-r.pieces[i].read
	}
	for _, b := range r.buffers {
		b.Free()
	}
}
