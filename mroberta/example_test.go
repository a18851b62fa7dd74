package mroberta_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"testing"

	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/mroberta"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m, "ExampleSplitAbstracts") }

// Training on pairs, and what it has done for finding: the model is a small one of random weights, so it finds the texts that
// it was trained on, and nothing else.
func Example() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "mroberta")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	pairs := &mroberta.Pairs{Columns: [][]string{
		{"hidrogen verd", "salut del cor", "aigua neta", "clima urbà"},
		{"bateries i hidrogen de l'energia solar", "imatges mèdiques d'hospital", "filtres per a rius", "ombra als carrers"},
	}, Rows: []int{1, 2, 3, 4}}

	c := mroberta.DefaultConfig()
	c.BaseModel, c.OutputPath = "../sbert/testdata/model", filepath.Join(folder, "model")
	c.TrainData.Path = "pairs.jsonl" // what is trained on is given below
	c.BatchSize, c.NumEpochs, c.WarmupSteps, c.LearningRate, c.Dropout = 4, 20, 0, 5e-3, new(float64)
	result, err := mroberta.Train(ctx, c, pairs, mroberta.TrainOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Steps, "steps")

	m, err := sbert.Load(ctx, c.OutputPath, bert.LoadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Free()
	m.Prompts = nil // "query: " and "passage: ", which the base brings along and the training did not see
	r := &mroberta.Retrieval{Queries: pairs.Columns[0], Docs: pairs.Columns[1], Relevant: map[string]map[string]bool{}}
	for i := range pairs.Rows {
		query, doc := fmt.Sprint("q", i), fmt.Sprint("d", i)
		r.QueryIDs, r.DocIDs = append(r.QueryIDs, query), append(r.DocIDs, doc)
		r.Relevant[query] = map[string]bool{doc: true}
	}
	e, err := mroberta.Evaluate(ctx, m, r, sbert.EncodeOptions{}, eval.RetrievalAt{Accuracy: []int{1}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("right document first:", e.Keys("")["cosine_accuracy@1"])
	// Output:
	// 20 steps
	// right document first: 1
}

// Pairs are made of what abstracts come with: a title, and keywords. Here all of them are to train on.
func ExampleSplitAbstracts() {
	abstracts := []mroberta.Abstract{{
		ID: "1", Title: "Hidrogen verd", Text: "Electròlisi d'aigua de mar amb energia solar.", Keywords: []string{"hidrogen", "energia solar"}, Lang: "ca",
	}}
	split, err := mroberta.SplitAbstracts(abstracts, mroberta.SplitOptions{TitleShare: -1})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range split.Train {
		fmt.Printf("%s -> %s\n", p.Query, p.Passage)
	}
	// Unordered output:
	// Hidrogen verd -> Electròlisi d'aigua de mar amb energia solar.
	// hidrogen -> Electròlisi d'aigua de mar amb energia solar.
	// energia solar -> Electròlisi d'aigua de mar amb energia solar.
}
