package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/salamandra"
	"github.com/ajolote-ai/ajolote/torch"
)

func newBenchQLoRAStepCommand() *cobra.Command {
	o := salamandra.StepBenchOptions{Batch: 8, Steps: 2}
	dtype := "float32"
	cmd := &cobra.Command{
		Use:   "qlora-step MODEL TOKENS.jsonl",
		Short: "Measure optimizer steps of QLoRA training",
		Long: `Measure optimizer steps of QLoRA training.

TOKENS.jsonl has one {"input_ids", "labels"} a line. The base is in NF4, double-quantised; rank 16 on q, k, v and o.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			o.Model, o.Tokens = args[0], args[1]
			if o.Compute, err = torch.ParseDType(dtype); err != nil {
				return err
			}
			r, err := salamandra.BenchStep(cmd.Context(), o)
			if err != nil {
				return err
			}
			text, err := json.Marshal(r)
			if err == nil {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", text)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&o.Batch, "batch", o.Batch, "examples of a step")
	flags.IntVar(&o.Steps, "steps", o.Steps, "steps to make; the median counts")
	flags.StringVar(&dtype, "dtype", dtype, "type of the matrix products: float32 or bfloat16")
	flags.BoolVar(&o.NoSharing, "no-sharing", false, "do not share the examples' common prefix")
	flags.BoolVar(&o.Recompute, "recompute", false, "compute layers again in the backward pass")
	return cmd
}
