// Package gguf writes models and adapters in the format of llama.cpp and ollama (GGUF, version 3).
//
// It reads Hugging Face directories of Llama models with SentencePiece vocabularies. Nothing is held in memory but a band of
// rows.
package gguf
