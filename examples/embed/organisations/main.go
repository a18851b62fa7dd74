// Command organisations trains a small encoder to find an organisation by another of its names, and says how well it does
// so before and after, for organisations that it has not been trained on. Run it from the top of the checkout.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/hub"
	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/mroberta"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/train"
)

const (
	here   = "examples/embed/organisations"
	folder = "out/organisations"
)

func main() {
	base := flag.String("base", "", "folder or hub name of the encoder to start from (default: as organisations.yml says)")
	seed := flag.Int("seed", 42, "of the order of the pairs and of dropout")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *base, *seed); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, base string, seed int) error {
	test, err := writeData()
	if err != nil {
		return err
	}
	set := []string{fmt.Sprintf("seed=%d", seed)}
	if base != "" {
		set = append(set, "base_model="+base)
	}
	c, _, err := mroberta.LoadConfig(filepath.Join(here, "organisations.yml"), set...)
	if err != nil {
		return err
	}
	before, err := measure(ctx, c.BaseModel, test)
	if err != nil {
		return err
	}
	result, err := mroberta.Train(ctx, c, nil, mroberta.TrainOptions{Events: func(e train.Event) {
		if e.Kind == train.Stepped && e.Step%15 == 0 {
			fmt.Printf("step %d of %d: loss %.4f\n", e.Step, e.Total, e.Loss)
		}
	}})
	if err != nil {
		return err
	}
	after, err := measure(ctx, c.OutputPath, test)
	if err != nil {
		return err
	}
	fmt.Printf("%d steps in %.0f s; %d queries, %d organisations\n%-12s %8s %8s\n", result.Steps, result.Seconds, len(test.Queries), len(test.Docs), "", "before", "after")
	for i, m := range after {
		switch m.Name {
		case "recall@1", "recall@5", "recall@10", "mrr@10":
			fmt.Printf("%-12s %8.4f %8.4f\n", m.Name, before[i].Value, m.Value)
		}
	}
	return nil
}

// measure finds the organisations with a model.
func measure(ctx context.Context, model string, test *mroberta.Retrieval) ([]eval.RetrievalMetric, error) {
	dir, err := hub.Fetch(ctx, hub.Request{Name: model, Ignore: []string{"*.bin", "*.h5", "*.onnx", "openvino/"}})
	if err != nil {
		return nil, err
	}
	m, err := sbert.Load(ctx, dir, bert.LoadOptions{})
	if err != nil {
		return nil, err
	}
	defer m.Free()
	e, err := mroberta.Evaluate(ctx, m, test, sbert.EncodeOptions{}, eval.DefaultRetrievalAt())
	if err != nil {
		return nil, err
	}
	return e.Metrics, nil
}

// writeData makes of every name but the first of an organisation a pair with the first. A fifth of the organisations are held
// out, and a tenth to choose the best step on; to be found among all.
func writeData() (test *mroberta.Retrieval, err error) {
	var all []mroberta.Abstract
	for r, err := range sbert.Records(filepath.Join(here, "organisations.tsv")) {
		if err != nil {
			return nil, err
		}
		if n := len(all); n > 0 && all[n-1].ID == r["organisation"] {
			all[n-1].Keywords = append(all[n-1].Keywords, r["name"])
			continue
		}
		all = append(all, mroberta.Abstract{ID: r["organisation"], Text: r["name"]})
	}
	split, err := mroberta.SplitAbstracts(all, mroberta.SplitOptions{Dev: 0.1, Test: 0.2, TitleShare: 0, Seed: 42})
	if err != nil {
		return nil, err
	}
	if err := mroberta.WritePairs(filepath.Join(folder, "train.jsonl"), split.Train); err != nil {
		return nil, err
	}
	for name, r := range map[string]*mroberta.Retrieval{"dev": split.Dev, "test": split.Test} {
		held := map[string]bool{}
		for _, doc := range r.Docs {
			held[doc] = true
		}
		for i, a := range all {
			if !held[a.Text] {
				r.DocIDs, r.Docs = append(r.DocIDs, fmt.Sprintf("other%d", i)), append(r.Docs, a.Text)
			}
		}
		if err := r.WriteBEIR(filepath.Join(folder, name), name); err != nil {
			return nil, err
		}
	}
	return split.Test, nil
}
