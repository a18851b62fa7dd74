// Command newencoder writes an untrained encoder of mRoBERTa's kind (RoBERTa, mean pooling) with random weights: what the
// demo's embedded encoder was trained from. The tokenizer's files are the caller's.
//
//	go run ./examples/queryparser/newencoder -out out/newencoder
package main

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/ajolote-ai/ajolote/safetensors"
)

// The shape: 3.2 million parameters.
const (
	words, hidden, layers, heads, inner = 6000, 256, 2, 4, 1024
	positions                           = 130 // 128 tokens behind the padding's place and <s>'s
	spread                              = .02 // standard deviation of the weights
)

func main() {
	out := flag.String("out", "out/newencoder", "folder to write to")
	seed := flag.Uint64("seed", 1, "seed of the weights")
	flag.Parse()
	if err := write(*out, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "newencoder:", err)
		os.Exit(1)
	}
	fmt.Println("initial weights written to", *out)
}

func write(folder string, seed uint64) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	config, err := json.MarshalIndent(map[string]any{
		"architectures": []string{"RobertaModel"}, "model_type": "roberta", "dtype": "float32",
		"vocab_size": words, "hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads, "intermediate_size": inner,
		"max_position_embeddings": positions, "type_vocab_size": 1, "layer_norm_eps": 1e-5, "hidden_act": "gelu",
		"hidden_dropout_prob": 0, "attention_probs_dropout_prob": 0, "initializer_range": spread,
		"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2,
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "config.json"), append(config, '\n'), 0o644); err != nil {
		return err
	}
	specs := tensors()
	safetensors.SortAsPython(specs)
	w, err := safetensors.Create(filepath.Join(folder, "model.safetensors"), specs, nil)
	if err != nil {
		return err
	}
	defer w.Abort()
	r := rand.New(rand.NewPCG(seed, 6))
	for _, s := range specs {
		if err := w.Write(s.Name, values(r, s)); err != nil {
			return err
		}
	}
	return w.Commit()
}

// tensors are the names and shapes of transformers' RobertaModel.
func tensors() []safetensors.Spec {
	var specs []safetensors.Spec
	add := func(name string, shape ...int64) {
		specs = append(specs, safetensors.Spec{Name: name, DType: safetensors.F32, Shape: shape})
	}
	layer := func(name string, out, in int64) {
		add(name+".weight", out, in)
		add(name+".bias", out)
	}
	norm := func(name string) {
		add(name+".LayerNorm.weight", hidden)
		add(name+".LayerNorm.bias", hidden)
	}
	add("embeddings.word_embeddings.weight", words, hidden)
	add("embeddings.position_embeddings.weight", positions, hidden)
	add("embeddings.token_type_embeddings.weight", 1, hidden)
	norm("embeddings")
	for l := range layers {
		at := fmt.Sprintf("encoder.layer.%d.", l)
		for _, part := range []string{"query", "key", "value"} {
			layer(at+"attention.self."+part, hidden, hidden)
		}
		layer(at+"attention.output.dense", hidden, hidden)
		norm(at + "attention.output")
		layer(at+"intermediate.dense", inner, hidden)
		layer(at+"output.dense", hidden, inner)
		norm(at + "output")
	}
	return specs
}

// values are zeros for biases, ones for the gains of norms, and normal numbers for the rest.
func values(r *rand.Rand, s safetensors.Spec) []byte {
	n := int64(1)
	for _, size := range s.Shape {
		n *= size
	}
	var data []byte
	for range n {
		x := spread * r.NormFloat64()
		switch {
		case strings.HasSuffix(s.Name, ".bias"):
			x = 0
		case strings.HasSuffix(s.Name, "LayerNorm.weight"):
			x = 1
		}
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(x)))
	}
	return data
}
