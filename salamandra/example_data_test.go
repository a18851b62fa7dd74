package salamandra_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/ajolote-ai/ajolote/salamandra"
)

// A configuration is axolotl's YAML; what is wrong with it is reported at once.
func ExampleParseConfig() {
	_, _, err := salamandra.ParseConfig("train.yml", []byte(`
base_model: BSC-LT/salamandra-7b-instruct-tools
load_in_4bit: true
adapter: lora
lora_r: 16
lora_alpha: 32
lora_target_module: [q_proj, v_proj]
datasets:
  - path: train.jsonl
    type: sharegpt
learning_rate: 2e-4
lr_scheduler: cosin
`), "lora_target_linear=true")
	fmt.Println(err)
	// Output:
	// 2 faults in the configuration:
	//   train.yml:7: lora_target_module: no such key; did you mean lora_target_modules?
	//   train.yml:12: lr_scheduler: want linear, cosine, cosine_with_restarts, polynomial, constant, constant_with_warmup, inverse_sqrt, cosine_with_min_lr, one_cycle or rex, have cosin
}

// Prepare makes a training file of a folder of batch files.
func ExamplePrepare() {
	folder, err := os.MkdirTemp("", "batches")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
		return path
	}
	write("batch1.json", `[{"doc_type": "projects", "filters": {"year": "2020"}, "organisations": [], "semantic_query": null,
		"query_rewrite": "List of projects of 2020", "meta": {"id": "Q1", "lang": "EN", "original_query": "projects of 2020"}}]`)
	prompt := write("prompt.txt", "Answer with JSON.")
	output := filepath.Join(folder, "train.jsonl")

	summary, err := salamandra.Prepare(context.Background(), salamandra.PrepareOptions{
		InputDir: folder, OutputFile: output, PromptFile: prompt, Model: "BSC-LT/salamandra-7b-instruct-tools", Shuffle: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(summary.Examples, summary.Languages)
	text, err := os.ReadFile(output)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text[:112]), "…")
	// Output:
	// 1 [{EN 1}]
	// {"id": "Q1", "messages": [{"role": "system", "content": "Answer with JSON."}, {"role": "user", "content": "proje …
}
