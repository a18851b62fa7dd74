// Command shrink copies a model folder with its weights rounded to bfloat16, which halves the file: what is trained in
// float32 is shipped so. Beside the weights it copies the files and folders that a model is loaded from, not those of the
// training that made it.
//
//	go run ./examples/queryparser/shrink -from out/base/phase3 -to examples/demo/base
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ajolote-ai/ajolote/safetensors"
)

func main() {
	from := flag.String("from", "", "folder of the trained model")
	to := flag.String("to", "", "folder to write")
	flag.Parse()
	if err := run(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "shrink:", err)
		os.Exit(1)
	}
}

// loaded are the files, beside the weights, that Llama models and sentence-transformers encoders are loaded from.
var loaded = []string{"config.json", "tokenizer.json", "tokenizer_config.json", "modules.json", "sentence_bert_config.json",
	"config_sentence_transformers.json", "1_Pooling/config.json"}

func run(from, to string) error {
	if from == "" || to == "" {
		return fmt.Errorf("-from and -to are needed")
	}
	for _, name := range loaded {
		data, err := os.ReadFile(filepath.Join(from, name))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return err
		}
		if name == "config.json" {
			data = []byte(strings.Replace(string(data), `"float32"`, `"bfloat16"`, 1))
		}
		path := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return weights(from, filepath.Join(to, "model.safetensors"))
}

func weights(from, path string) error {
	in, err := safetensors.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	var specs []safetensors.Spec
	for _, t := range in.Tensors() {
		if t.DType != safetensors.F32 {
			return fmt.Errorf("%s is %s: only float32 is rounded", t.Name, t.DType)
		}
		specs = append(specs, safetensors.Spec{Name: t.Name, DType: safetensors.BF16, Shape: t.Shape})
	}
	safetensors.SortAsPython(specs)
	out, err := safetensors.Create(path, specs, nil)
	if err != nil {
		return err
	}
	defer out.Abort()
	for _, spec := range specs {
		data, err := in.Tensor(spec.Name).Read()
		if err != nil {
			return err
		}
		if err := out.Write(spec.Name, round(data)); err != nil {
			return err
		}
	}
	return out.Commit()
}

// round turns float32 numbers into the nearest bfloat16, ties to even; none of a trained model is a NaN.
func round(data []byte) []byte {
	half := make([]byte, 0, len(data)/2)
	for i := 0; i < len(data); i += 4 {
		bits := binary.LittleEndian.Uint32(data[i:])
		half = binary.LittleEndian.AppendUint16(half, uint16((bits+0x7fff+bits>>16&1)>>16))
	}
	return half
}
