// Package qlora keeps weights in NF4, the 4-bit type of QLoRA (Dettmers et al., 2023), with the bytes that bitsandbytes
// has in memory and in files.
//
// A [Weight] is one quantised tensor: [Quantize] makes it from floating point, [QuantizeStored] from a tensor of a
// checkpoint, [Read] from the tensors of a checkpoint that is quantised already, and [Weight.Stored] lists what goes into
// one. [Linear] is the layer over it, an [nn.Linear]: forward, backward to its input and an adapter's low-rank term are one
// operation, which decodes a tile of the weight at a time and never keeps a decoded one. [Embedding] looks up rows.
//
// Quantising gives the bytes of bitsandbytes 0.50 on a CPU for every float32, bfloat16 and float16 tensor; the rules are
// listed in csrc/nf4_quantize.cc. The bytes do not depend on the number of threads.
package qlora
