package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/internal/bench"
	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/sbert"
)

func newBenchEncodeCommand() *cobra.Command {
	var batch int
	var o bert.LoadOptions
	cmd := &cobra.Command{
		Use:   "encode MODEL TEXTS.json",
		Short: "Measure how many texts a second become vectors",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := os.ReadFile(args[1])
			if err != nil {
				return err
			}
			var texts []string
			if err := json.Unmarshal(data, &texts); err != nil {
				return fmt.Errorf("%s: %w", args[1], err)
			}
			m, err := sbert.Load(cmd.Context(), args[0], o)
			if err != nil {
				return err
			}
			defer m.Free()
			r, err := bench.Encode(cmd.Context(), m, texts, batch)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
		},
	}
	cmd.Flags().IntVar(&batch, "batch", 64, "texts of ordinary length at once")
	computeVar(cmd.Flags(), &o.Compute, "dtype", "type to compute in")
	return cmd
}

func newBenchMNRLStepCommand() *cobra.Command {
	o := bench.MNRLOptions{Batch: 32, Steps: 2}
	cmd := &cobra.Command{
		Use:   "mnrl-step MODEL PAIRS.jsonl",
		Short: "Measure a training step of an encoder on pairs of token ids",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Model, o.Pairs = args[0], args[1]
			r, err := bench.MNRLStep(cmd.Context(), o)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
		},
	}
	cmd.Flags().IntVar(&o.Batch, "batch", o.Batch, "pairs of a step")
	cmd.Flags().IntVar(&o.Steps, "steps", o.Steps, "steps to measure")
	cmd.Flags().IntVar(&o.MiniBatch, "mini-batch", 0, "texts at once; 0 for all")
	return cmd
}
