// Package safetensors reads and writes weights in the safetensors format, the
// one that the Hugging Face libraries exchange.
//
// A file is eight bytes with the length of a header (little-endian), the header
// (JSON: name, type, shape and byte range of every tensor) and the tensors'
// bytes, without gap. A model is one such file, or several with an index.
//
// [Open] takes either and hands out [Tensor] values, which are read by ranges
// from any number of goroutines, or mapped into memory. [Create] and
// [CreateSharded] write: the tensors are declared first, their bytes then
// streamed, so that a model larger than the memory can be written; nothing
// appears under the final name before [Writer.Commit].
//
// The format is that of https://github.com/huggingface/safetensors, compared
// with version 0.8.0; the index and the names of shards are those of
// transformers 5 and huggingface_hub 2.
package safetensors
