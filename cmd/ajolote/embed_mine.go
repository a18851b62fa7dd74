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
	var model, output, format string
	var data mroberta.TrainData
	var absolute, relative, least, most float64
	o := mroberta.DefaultMineOptions()
	cmd := &cobra.Command{
		Use:   "mine --model MODEL --input PAIRS --output FILE.jsonl",
		Short: "Find passages that a model wrongly takes for right answers",
		Long: `Find passages that a model takes for right answers though they are not, as mine_hard_negatives does.

Lines of the output are {"query", "passage", "negative"}; with --format n-tuple {"query", "passage", "negative_1", ...}, for the
pairs that have all their negatives.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "triplet" && format != "n-tuple" {
				return fmt.Errorf("format is %q: triplet or n-tuple", format)
			}
			for name, limit := range map[string]struct {
				flag *float64
				to   **float64
			}{"absolute-margin": {&absolute, &o.AbsoluteMargin}, "relative-margin": {&relative, &o.RelativeMargin},
				"min-score": {&least, &o.MinScore}, "max-score": {&most, &o.MaxScore}} {
				if cmd.Flags().Changed(name) {
					*limit.to = limit.flag
				}
			}
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
			rows := 0
			err = atomicfile.Write(output, func(w io.Writer) (err error) {
				rows, err = writeMined(w, mined, format, o.Negatives)
				return err
			})
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%d rows of %d pairs in %s\n", rows, len(mined), output)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&model, "model", "", "folder or hub name of the model")
	flags.StringVar(&data.Path, "input", "", "pairs: JSONL, CSV, TSV or parquet, or a BEIR folder")
	flags.StringVar(&data.Split, "split", "train", "split of a BEIR folder")
	flags.StringVar(&data.Query, "query-column", "query", "column of the queries")
	flags.StringVar(&data.Passage, "passage-column", "passage", "column of the passages")
	flags.StringVar(&output, "output", "", "file of triplets: query, passage, negative")
	flags.StringVar(&format, "format", "triplet", "triplet or n-tuple")
	flags.IntVar(&o.RangeMin, "range-min", 0, "leave out so many of the nearest passages")
	flags.IntVar(&o.RangeMax, "range-max", 0, "look no further than at so many of the nearest passages (default: as many as are likely needed)")
	flags.Float64Var(&absolute, "absolute-margin", 0, "a negative is at least so much less similar than the passage")
	flags.Float64Var(&relative, "relative-margin", 0, "the same as a share of the passage's similarity")
	flags.Float64Var(&least, "min-score", 0, "a negative is at least so similar")
	flags.Float64Var(&most, "max-score", 0, "a negative is at most so similar")
	flags.IntVar(&o.Negatives, "num-negatives", o.Negatives, "negatives of each pair")
	flags.BoolVar(&o.Random, "random", false, "take some of the range instead of the nearest")
	flags.IntVar(&o.Seed, "seed", o.Seed, "of --random")
	for _, name := range []string{"model", "input", "output"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

// writeMined writes the rows and counts them.
func writeMined(w io.Writer, mined []mroberta.Mined, format string, negatives int) (rows int, err error) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, row := range mined {
		line := map[string]string{"query": row.Query, "passage": row.Passage}
		if format == "n-tuple" {
			if len(row.Negatives) < negatives {
				continue
			}
			for i, negative := range row.Negatives {
				line[fmt.Sprintf("negative_%d", i+1)] = negative
			}
			rows++
			if err := e.Encode(line); err != nil {
				return rows, err
			}
			continue
		}
		for _, negative := range row.Negatives {
			line["negative"] = negative
			rows++
			if err := e.Encode(line); err != nil {
				return rows, err
			}
		}
	}
	return rows, nil
}
