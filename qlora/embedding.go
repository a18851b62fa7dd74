package qlora

import (
	"iter"

	"github.com/ajolote-ai/ajolote/torch"
)

// Embedding is a table of vectors in NF4, looked up by id. bitsandbytes leaves embeddings in 16 bits; in NF4 a table of
// 256,000 words takes 0.29 of that. With the table tied to the output head, a [Linear] over the same [Weight] is the head.
type Embedding struct {
	Weight *Weight     // [words, size]; size must be a multiple of the block size
	DType  torch.DType // of the vectors; 0 is float32
}

// Forward looks up ids (int64, any shape): [..., size].
func (e *Embedding) Forward(ids *torch.Tensor) *torch.Tensor {
	dtype := e.DType
	if dtype == 0 {
		dtype = torch.Float32
	}
	return torch.EmbeddingNF4(&e.Weight.NF4, ids, dtype)
}

// Parameters yields the tensors under the names of [Linear.Parameters].
func (e *Embedding) Parameters() iter.Seq2[string, *torch.Tensor] {
	return (&Linear{Weight: e.Weight}).Parameters()
}
