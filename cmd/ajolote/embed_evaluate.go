package main

import (
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/mroberta"
	"github.com/ajolote-ai/ajolote/progress"
	"github.com/ajolote-ai/ajolote/sbert"
)

func newEmbedEvaluateCommand() *cobra.Command {
	var model, data, split, queries, corpus, qrels, output, name string
	var o sbert.EncodeOptions
	cmd := &cobra.Command{
		Use:   "evaluate --model MODEL (--data FOLDER | --queries FILE --corpus FILE --qrels FILE)",
		Short: "Measure how well a model finds documents",
		Long: `Measure how well a model finds documents, as InformationRetrievalEvaluator does.

Where queries and documents carry a language ("lang"), every direction from one to another is measured apart as well.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := readRetrieval(data, split, queries, corpus, qrels)
			if err != nil {
				return err
			}
			display := progress.New(cmd.ErrOrStderr(), progress.Auto)
			defer display.Close()
			m, err := loadEmbedder(cmd.Context(), display, model)
			if err != nil {
				return err
			}
			defer m.Free()
			task := display.Task("encode corpus", int64(len(r.Docs)), progress.Count("documents"))
			o.Progress = func(done, _ int) { task.Set(int64(done)) }
			e, err := mroberta.Evaluate(cmd.Context(), m, r, o, eval.DefaultRetrievalAt())
			if err != nil {
				return err
			}
			task.Done()
			display.Close()
			if err := printEvaluation(cmd.OutOrStdout(), e); err != nil || output == "" {
				return err
			}
			if _, err := eval.AppendRetrievalCSV(filepath.Dir(output), name, e.Score, -1, -1, e.Metrics); err != nil {
				return err
			}
			return writeIndented(output, e.Keys(name))
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&model, "model", "", "folder or hub name of the model")
	flags.StringVar(&data, "data", "", "BEIR folder: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv")
	flags.StringVar(&split, "split", "test", "SPLIT of the folder")
	flags.StringVar(&queries, "queries", "", "queries: JSONL with _id and text")
	flags.StringVar(&corpus, "corpus", "", "documents: JSONL with _id, title and text")
	flags.StringVar(&qrels, "qrels", "", "right documents: TSV with query-id, corpus-id and score")
	flags.StringVar(&output, "output", "", "JSON file for the metrics; the evaluator's CSV is written beside it")
	flags.StringVar(&name, "name", "", "name of the evaluation, in keys and file names")
	flags.IntVar(&o.BatchSize, "batch-size", 64, "texts of ordinary length at once")
	flags.IntVar(&o.Dimensions, "dimensions", 0, "keep only so many of each vector's first numbers")
	_ = cmd.MarkFlagRequired("model")
	cmd.MarkFlagsOneRequired("data", "queries")
	cmd.MarkFlagsMutuallyExclusive("data", "queries")
	cmd.MarkFlagsRequiredTogether("queries", "corpus", "qrels")
	return cmd
}

func readRetrieval(data, split, queries, corpus, qrels string) (*mroberta.Retrieval, error) {
	if data != "" {
		return mroberta.ReadBEIR(data, split)
	}
	return mroberta.ReadRetrieval(queries, corpus, qrels)
}

// printEvaluation prints a column for all, one for the means within and between languages, and one for each direction.
func printEvaluation(out io.Writer, e *mroberta.Evaluation) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	columns := [][]eval.RetrievalMetric{e.Metrics}
	head := "\tall"
	for _, kind := range []string{"monolingual", "crosslingual"} {
		if mean := e.Mean(kind == "monolingual"); mean != nil {
			head, columns = head+"\t"+kind, append(columns, mean)
		}
	}
	for _, d := range e.Directions {
		head, columns = head+"\t"+d.Name(), append(columns, d.Metrics)
	}
	if len(columns) > 1 {
		fmt.Fprintln(w, head)
	}
	for i, metric := range e.Metrics {
		fmt.Fprint(w, metric.Name)
		for _, column := range columns {
			fmt.Fprintf(w, "\t%.4f", column[i].Value)
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}
