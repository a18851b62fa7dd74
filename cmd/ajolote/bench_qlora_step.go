package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/internal/bench"
)

func newBenchQLoRAStepCommand() *cobra.Command {
	o := bench.StepOptions{Batch: 8, Steps: 2}
	cmd := &cobra.Command{
		Use:   "qlora-step MODEL TOKENS.jsonl",
		Short: "Measure optimizer steps of QLoRA training",
		Long: `Measure optimizer steps of QLoRA training.

TOKENS.jsonl has one {"input_ids", "labels"} a line. The base is in NF4, double-quantised; rank 16 on q, k, v and o.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Model, o.Tokens = args[0], args[1]
			r, err := bench.QLoRAStep(cmd.Context(), o)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&o.Batch, "batch", o.Batch, "examples of a step")
	flags.IntVar(&o.Steps, "steps", o.Steps, "steps to make; the median counts")
	computeVar(flags, &o.Compute, "dtype", "type of the matrix products")
	flags.BoolVar(&o.NoSharing, "no-sharing", false, "do not share the examples' common prefix")
	flags.BoolVar(&o.Recompute, "recompute", false, "compute layers again in the backward pass")
	return cmd
}
