// Command grow gives a Llama more layers without changing what it computes: behind each layer that is named stands a copy of it whose
// two outputs are zero, so that training begins where the smaller model ended, with projections that already read the stream.
//
//	go run ./examples/queryparser/grow -from out/base/phase6 -to out/base/grown -behind 1,2
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ajolote-ai/ajolote/safetensors"
)

func main() {
	from := flag.String("from", "", "folder of the model")
	to := flag.String("to", "", "folder to write")
	behind := flag.String("behind", "", "layers, from 0, behind which a new one comes: 1,2")
	flag.Parse()
	if err := run(*from, *to, *behind); err != nil {
		fmt.Fprintln(os.Stderr, "grow:", err)
		os.Exit(1)
	}
}

func run(from, to, behind string) error {
	if from == "" || to == "" || behind == "" {
		return fmt.Errorf("-from, -to and -behind are needed")
	}
	var copied []int
	for _, text := range strings.Split(behind, ",") {
		layer, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("-behind %s: %w", behind, err)
		}
		copied = append(copied, layer)
	}
	slices.Sort(copied)
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	if err := configure(from, to, copied); err != nil {
		return err
	}
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json"} {
		data, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), data, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return weights(from, filepath.Join(to, "model.safetensors"), copied)
}

// configure copies config.json with the new number of layers.
func configure(from, to string, copied []int) error {
	data, err := os.ReadFile(filepath.Join(from, "config.json"))
	if err != nil {
		return err
	}
	var config map[string]any
	if err := json.Unmarshal(data, &config); err != nil {
		return fmt.Errorf("config.json: %w", err)
	}
	layers, _ := config["num_hidden_layers"].(float64)
	for _, layer := range copied {
		if layer < 0 || layer >= int(layers) {
			return fmt.Errorf("-behind: the model has no layer %d, its last is %d", layer, int(layers)-1)
		}
	}
	config["num_hidden_layers"] = int(layers) + len(copied)
	if data, err = json.MarshalIndent(config, "", "  "); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, "config.json"), append(data, '\n'), 0o644)
}

// source is where a tensor of the grown model comes from.
type source struct {
	tensor string
	zero   bool
}

var inLayer = regexp.MustCompile(`^model\.layers\.(\d+)\.(.*)$`)

func weights(from, path string, copied []int) error {
	in, err := safetensors.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	sources := map[string]source{}
	var specs []safetensors.Spec
	add := func(name string, s source) {
		t := in.Tensor(s.tensor)
		sources[name] = s
		specs = append(specs, safetensors.Spec{Name: name, DType: t.DType, Shape: t.Shape})
	}
	for _, t := range in.Tensors() {
		m := inLayer.FindStringSubmatch(t.Name)
		if m == nil {
			add(t.Name, source{tensor: t.Name})
			continue
		}
		layer, err := strconv.Atoi(m[1])
		if err != nil {
			return err
		}
		moved := layer
		for _, c := range copied {
			if c < layer {
				moved++
			}
		}
		add(fmt.Sprintf("model.layers.%d.%s", moved, m[2]), source{tensor: t.Name})
		if slices.Contains(copied, layer) {
			output := m[2] == "self_attn.o_proj.weight" || m[2] == "mlp.down_proj.weight"
			add(fmt.Sprintf("model.layers.%d.%s", moved+1, m[2]), source{tensor: t.Name, zero: output})
		}
	}
	safetensors.SortAsPython(specs)
	out, err := safetensors.Create(path, specs, nil)
	if err != nil {
		return err
	}
	defer out.Abort()
	for _, spec := range specs {
		s := sources[spec.Name]
		data, err := in.Tensor(s.tensor).Read()
		if err != nil {
			return err
		}
		if s.zero {
			clear(data)
		}
		if err := out.Write(spec.Name, data); err != nil {
			return err
		}
	}
	return out.Commit()
}
