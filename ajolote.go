// Package ajolote is the root of a Go library that trains and runs language and embedding models on libtorch: QLoRA
// fine-tuning of Llama models, contrastive training of encoders, merging, evaluation and inference.
//
// Start at the package that does the work:
//
//   - salamandra fine-tunes a Llama model on chat data, evaluates it, merges the adapter;
//   - mroberta trains a sentence encoder on pairs of texts and evaluates retrieval;
//   - generate and sbert run what was trained: text out, vectors out;
//   - torch, torch/nn and torch/optim are the tensors, layers and optimizers below all of them.
//
// libtorch is opened when the first tensor is made, never linked, so that `go get`, `go build` and `go vet` need nothing
// but Go and a C compiler. The command `ajolote setup` fetches it and compiles the C++ sources that this package carries;
// `ajolote doctor` says what a program would find. See docs/setup.md.
//
// This package itself holds only what set-up needs to know at run time: the version, the C++ sources and the pinned wheels.
package ajolote

import "embed"

// Version is the version of the module. Together with a hash of [Sources] and [Lock] it names the library that a program
// accepts: see package internal/library.
const Version = "0.1.0"

// Sources holds the C++ sources of libajolote under their paths in the module: csrc with the compiler's flags in
// csrc/compile_flags.txt, and the headers that they share with the Go code. They are embedded because a program built
// from the module cache may be far from it when set-up runs.
//
//go:embed csrc internal/ctorch/abi.h internal/ctorch/ops.h
var Sources embed.FS

// Lock is the text of third_party/torch.lock: the wheels that libtorch is taken from, by name, size and SHA-256.
//
//go:embed third_party/torch.lock
var Lock string
