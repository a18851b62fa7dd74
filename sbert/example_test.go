package sbert_test

import (
	"context"
	"fmt"
	"log"
	"testing"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m, "ExampleSearch") }

// Texts become vectors, and the nearest one to a question is the answer. The model is that of this package's tests, whose
// weights are random: it knows a text again, and no more.
func Example() {
	ctx := context.Background()
	m, err := sbert.Load(ctx, "testdata/model", bert.LoadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Free()
	texts := []string{"Green hydrogen from sea water", "Medieval trade routes", "Images of the heart"}
	o := sbert.EncodeOptions{Normalize: true} // so that dot products are cosines
	corpus, err := m.Encode(ctx, texts, o)
	if err != nil {
		log.Fatal(err)
	}
	queries, err := m.Encode(ctx, []string{"Medieval trade routes"}, o)
	if err != nil {
		log.Fatal(err)
	}
	found, err := sbert.Search(queries, corpus, 1)
	if err != nil {
		log.Fatal(err)
	}
	best := found[0][0]
	fmt.Printf("%s: %.2f\n", texts[best.Row], best.Score)
	// Output: Medieval trade routes: 1.00
}

// Vectors need not come from a model.
func ExampleSearch() {
	corpus := &sbert.Vectors{Rows: 3, Dimensions: 2, Data: []float32{1, 0, 0, 1, 0.6, 0.8}}
	queries := &sbert.Vectors{Rows: 1, Dimensions: 2, Data: []float32{0, 1}}
	found, err := sbert.Search(queries, corpus, 2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found[0])
	// Output: [{1 1} {2 0.8}]
}
