package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// retrievalGuide is what the guide reports for mRoBERTa before and after training, on abstracts of its own.
var retrievalGuide = []struct{ metric, title, before, after string }{
	{"recall@1", "Recall@1", "34", "65"},
	{"recall@5", "Recall@5", "59", "86"},
	{"recall@10", "Recall@10", "71", "91"},
	{"mrr@10", "MRR@10", "0.46", "0.74"},
}

// printRetrieval prints the metrics of two evaluations, within a language and between two, and the guide's.
func printRetrieval(out io.Writer, before, after string) error {
	var files [2]map[string]float64
	for i, path := range []string{before, after} {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(data, &files[i]); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	fmt.Fprintf(out, "%-12s %18s %20s %20s\n", "", "one language", "two languages", "guide")
	fmt.Fprintf(out, "%-12s %18s %20s %20s\n", "", "before    after", "before    after", "before    after")
	for _, g := range retrievalGuide {
		fmt.Fprintf(out, "%-12s", g.title)
		for _, kind := range []string{"monolingual", "crosslingual"} {
			for i, width := range []int{11, 9} {
				value, ok := files[i][kind+"_cosine_"+g.metric]
				if !ok {
					return fmt.Errorf("%s has no %s_cosine_%s: were the queries and documents given their languages?", [2]string{before, after}[i], kind, g.metric)
				}
				text := fmt.Sprintf("%.0f", 100*value)
				if g.metric == "mrr@10" {
					text = fmt.Sprintf("%.2f", value)
				}
				fmt.Fprintf(out, "%*s", width, text)
			}
		}
		fmt.Fprintf(out, "%12s%9s\n", g.before, g.after)
	}
	return nil
}
