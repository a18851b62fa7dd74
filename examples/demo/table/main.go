// Command table prints the demo's figures in 80 columns: the guide's table from evaluation reports, parsed questions, and the
// retrieval table from the files of "ajolote embed evaluate".
//
//	table EMPTY.json BASE.json FINETUNED.json GOLD.json
//	table -parsed PARSED.jsonl
//	table -retrieval BEFORE.json AFTER.json
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/ajolote-ai/ajolote/eval"
)

func main() {
	parsed := flag.String("parsed", "", "answers of ajolote parse --stdin")
	retrieval := flag.Bool("retrieval", false, "two files of ajolote embed evaluate, before and after training")
	flag.Parse()
	if err := run(os.Stdout, *parsed, *retrieval, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, parsed string, retrieval bool, files []string) error {
	switch {
	case parsed != "":
		return printParsed(out, parsed)
	case retrieval && len(files) == 2:
		return printRetrieval(out, files[0], files[1])
	case len(files) == 4 && !retrieval:
		return printQuality(out, files)
	}
	return fmt.Errorf("four reports are wanted (empty, base, fine-tuned, gold), or -retrieval and two files, or -parsed FILE")
}

// guide is what the guide reports for Salamandra 7B after fine-tuning, on another test set, in percent.
var guide = []struct {
	metric, title string
	percent       string
}{
	{"json_parsed", "JSON parses", "-"},
	{"all_correct_strict", "all right, strict", "51"},
	{"all_correct_relaxed", "all right, relaxed", "65"},
	{"language_correct", "language", "87"},
	{"semantic_query", "topic", "86"},
}

// printQuality prints the guide's metrics of four reports.
func printQuality(out io.Writer, files []string) error {
	var reports []*eval.Report
	for _, f := range files {
		r, err := eval.ReadReport(f)
		if err != nil {
			return err
		}
		reports = append(reports, r)
	}
	fmt.Fprintf(out, "%-20s %7s %7s %25s %7s %7s\n", fmt.Sprintf("%d questions", reports[0].Total), "empty", "base", "fine-tuned (interval)", "gold", "guide")
	for _, g := range guide {
		fmt.Fprintf(out, "%-20s", g.title)
		for i, r := range reports {
			m := r.Metric(g.metric)
			if i == 2 {
				fmt.Fprintf(out, " %12.0f %-12s", 100*m.Share, fmt.Sprintf("(%.0f to %.0f)", 100*m.Low, 100*m.High))
				continue
			}
			fmt.Fprintf(out, " %7.0f", 100*m.Share)
		}
		fmt.Fprintf(out, " %7s\n", g.percent)
	}
	return nil
}
