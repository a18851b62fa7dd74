package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/internal/atomicfile"
	"github.com/ajolote-ai/ajolote/mroberta"
	"github.com/ajolote-ai/ajolote/progress"
)

func newEmbedMineCommand() *cobra.Command {
	var model, output string
	var data mroberta.TrainData
	o := mroberta.DefaultMineOptions()
	cmd := &cobra.Command{
		Use:   "mine --model MODEL --input PAIRS --output FILE.jsonl",
		Short: "Find passages that a model takes for right answers though they are not",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			pairs, err := mroberta.ReadPairs(data)
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
			mined, err := mroberta.Mine(cmd.Context(), m, pairs, o)
			if err != nil {
				return err
			}
			display.Close()
			err = atomicfile.Write(output, func(w io.Writer) error {
				e := json.NewEncoder(w)
				e.SetEscapeHTML(false)
				for _, row := range mined {
					if err := e.Encode(map[string]string{"query": row.Query, "passage": row.Passage, "negative": row.Negative}); err != nil {
						return err
					}
				}
				return nil
			})
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%d triplets of %d pairs in %s\n", len(mined), len(pairs.Rows), output)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&model, "model", "", "folder or hub name of the model")
	flags.StringVar(&data.Path, "input", "", "pairs: JSONL, CSV, TSV or parquet")
	flags.StringVar(&data.Query, "query-column", "query", "column of the queries")
	flags.StringVar(&data.Passage, "passage-column", "passage", "column of the passages")
	flags.StringVar(&output, "output", "", "file of triplets: query, passage, negative")
	flags.IntVar(&o.RangeMin, "range-min", o.RangeMin, "leave out so many of the nearest passages")
	flags.IntVar(&o.RangeMax, "range-max", o.RangeMax, "look no further than at so many of the nearest passages")
	flags.Float64Var(&o.Margin, "margin", o.Margin, "a negative is at least so much less similar than the passage")
	flags.IntVar(&o.Negatives, "num-negatives", o.Negatives, "negatives of each pair")
	for _, name := range []string{"model", "input", "output"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}
