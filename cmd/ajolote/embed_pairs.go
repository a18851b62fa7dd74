package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/mroberta"
)

func newEmbedPairsCommand() *cobra.Command {
	var input, output string
	o := mroberta.DefaultSplitOptions()
	cmd := &cobra.Command{
		Use:   "pairs --input RECORDS --output FOLDER",
		Short: "Make training pairs and test sets of abstracts",
		Long: `Make training pairs and test sets of abstracts with titles and keywords.

Records (.jsonl, .csv, .tsv, .parquet) have the fields title, abstract, keywords (a list, or separated by ";") and, where there are,
id (equal for translations of one text) and lang. FOLDER/train.jsonl gets the pairs keyword -> abstract and title -> abstract;
FOLDER/dev and FOLDER/test are BEIR folders of abstracts that no training pair has.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			abstracts, skipped, err := mroberta.ReadAbstracts(input)
			if err != nil {
				return err
			}
			s, err := mroberta.SplitAbstracts(abstracts, o)
			if err != nil {
				return err
			}
			if err := mroberta.WritePairs(filepath.Join(output, "train.jsonl"), s.Train); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d abstracts, %d skipped; %d training pairs\n", len(abstracts), skipped, len(s.Train))
			for _, part := range []struct {
				name string
				r    *mroberta.Retrieval
			}{{"dev", s.Dev}, {"test", s.Test}} {
				if len(part.r.Queries) == 0 {
					fmt.Fprintf(cmd.OutOrStdout(), "%s: nothing\n", part.name)
					continue
				}
				if err := part.r.WriteBEIR(filepath.Join(output, part.name), part.name); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %d queries, %d documents\n", part.name, len(part.r.Queries), len(part.r.Docs))
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&input, "input", "", "file of records")
	flags.StringVar(&output, "output", "", "folder for the pairs and the test sets")
	flags.Float64Var(&o.Dev, "dev", o.Dev, "share of the abstracts to choose the model on")
	flags.Float64Var(&o.Test, "test", o.Test, "share of the abstracts to measure the model on")
	flags.Float64Var(&o.TitleShare, "titles", o.TitleShare, "share of title -> abstract among the training pairs; negative for all that there are")
	flags.IntVar(&o.Seed, "seed", o.Seed, "of the split")
	_ = cmd.MarkFlagRequired("input")
	_ = cmd.MarkFlagRequired("output")
	return cmd
}
