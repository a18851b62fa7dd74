package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/internal/atomicfile"
	"github.com/ajolote-ai/ajolote/mroberta"
	"github.com/ajolote-ai/ajolote/progress"
	"github.com/ajolote-ai/ajolote/sbert"
)

func newEmbedEvaluateCommand() *cobra.Command {
	var model, queries, corpus, qrels, output, name string
	var o sbert.EncodeOptions
	cmd := &cobra.Command{
		Use:   "evaluate --model MODEL --queries FILE --corpus FILE --qrels FILE",
		Short: "Measure how well a model finds documents, as InformationRetrievalEvaluator does",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := mroberta.ReadRetrieval(queries, corpus, qrels)
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
			metrics, err := mroberta.Evaluate(cmd.Context(), m, r, o, eval.DefaultRetrievalAt())
			if err != nil {
				return err
			}
			task.Done()
			display.Close()
			score := mroberta.ScoreName(m)
			for _, metric := range metrics {
				fmt.Fprintf(cmd.OutOrStdout(), "%-14s %.4f\n", metric.Name, metric.Value)
			}
			if output == "" {
				return nil
			}
			if _, err := eval.AppendRetrievalCSV(filepath.Dir(output), name, score, -1, -1, metrics); err != nil {
				return err
			}
			return atomicfile.Write(output, func(w io.Writer) error {
				e := json.NewEncoder(w)
				e.SetIndent("", "  ")
				return e.Encode(eval.RetrievalKeys(name, score, metrics))
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&model, "model", "", "folder or hub name of the model")
	flags.StringVar(&queries, "queries", "", "queries: JSONL with _id and text")
	flags.StringVar(&corpus, "corpus", "", "documents: JSONL with _id, title and text")
	flags.StringVar(&qrels, "qrels", "", "right documents: TSV with query-id, corpus-id and score")
	flags.StringVar(&output, "output", "", "JSON file for the metrics; the evaluator's CSV is written beside it")
	flags.StringVar(&name, "name", "", "name of the evaluation, in keys and file names")
	flags.IntVar(&o.BatchSize, "batch-size", 64, "texts of ordinary length at once")
	flags.IntVar(&o.Dimensions, "dimensions", 0, "keep only so many of each vector's first numbers")
	for _, name := range []string{"model", "queries", "corpus", "qrels"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}
