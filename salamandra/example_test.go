package salamandra_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/ajolote-ai/ajolote/salamandra"
	"github.com/ajolote-ai/ajolote/train"
)

// From a folder of batch files to parsed queries: Prepare, FineTune, Merge, LoadParser. The model here is one of 260,000 weights
// that knows children's stories: what it answers is a query, by the grammar of its answers, but hardly the right one.
func Example() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "salamandra")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	batches := filepath.Join(folder, "batches")
	if err := writeBatches(batches); err != nil {
		log.Fatal(err)
	}

	rows := filepath.Join(folder, "train.jsonl")
	_, err = salamandra.Prepare(ctx, salamandra.PrepareOptions{
		InputDir: batches, OutputFile: rows, PromptFile: filepath.Join(batches, "prompt.txt"), Model: "BSC-LT/salamandra-7b-instruct-tools",
	})
	if err != nil {
		log.Fatal(err)
	}

	c := salamandra.DefaultConfig()
	c.BaseModel = "../testdata/stories260k"
	c.Adapter, c.LoadIn4Bit, c.LoraR, c.LoraAlpha, c.LoraTargetLinear = "qlora", true, 8, 16, true
	c.Datasets = []salamandra.Dataset{{Path: rows, Type: "chat_template"}}
	c.ChatTemplate = "jinja"
	c.ChatTemplateJinja = `{% for m in messages %}{{ m['role'] + ': ' + m['content'] + eos_token }}{% endfor %}` +
		`{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}`
	c.LearningRate, c.MicroBatchSize, c.NumEpochs = 1e-3, 2, 2
	c.OutputDir = filepath.Join(folder, "adapter")
	result, err := salamandra.FineTune(ctx, c, salamandra.FineTuneOptions{
		Events: func(e train.Event) {
			if e.Kind == train.Warning {
				fmt.Println(e.Message)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("trained", result.Steps, "steps")

	merged := filepath.Join(folder, "merged")
	m, err := salamandra.Merge(ctx, salamandra.MergeOptions{Adapter: c.OutputDir, Output: merged})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("merged", m.Modules, "layers")

	parser, err := salamandra.LoadParser(ctx, merged, salamandra.ParserOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer parser.Close()
	q, err := parser.Parse(ctx, "projects of 2020")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a query for", q.DocType)
	// Output:
	// trained 4 steps
	// merged 35 layers
	// a query for projects
}

// writeBatches writes four queries with what they mean, and the prompt.
func writeBatches(dir string) error {
	write := func(name, text string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644) }
	text := "["
	for i := range 4 {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(`{"doc_type": "projects", "filters": {"year": "%d"}, "organisations": [], "semantic_query": null,
			"query_rewrite": "List of projects of %[1]d", "meta": {"id": "Q%[1]d", "lang": "EN", "original_query": "projects of %[1]d"}}`, 2018+i)
	}
	return errors.Join(os.MkdirAll(dir, 0o755), write("batch1.json", text+"]"), write("prompt.txt", "Answer with JSON."))
}
