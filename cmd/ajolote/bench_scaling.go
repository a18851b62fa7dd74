package main

import (
	"encoding/json"
	"os"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/salamandra"
	"github.com/ajolote-ai/ajolote/torch"
)

func newBenchScalingCommand() *cobra.Command {
	dtype, dir := "float32", os.TempDir()
	cmd := &cobra.Command{
		Use:   "scaling",
		Short: "Measure how a step of QLoRA grows with prompt, batch, vocabulary, layers and width",
		Long: `Measure how a step of QLoRA grows with prompt, batch, vocabulary, layers and width, on models of random weights.

Prints a JSON line a point. A larger model's step takes the operations that ajolote train --dry-run counts for it, at the rate of
the points that are most like it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			compute, err := torch.ParseDType(dtype)
			if err != nil {
				return err
			}
			lines := json.NewEncoder(cmd.OutOrStdout())
			return salamandra.BenchScaling(cmd.Context(), dir, compute, func(p salamandra.ScalingPoint) error { return lines.Encode(p) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&dtype, "dtype", dtype, "type of the matrix products: float32 or bfloat16")
	flags.StringVar(&dir, "dir", dir, "folder for the models, up to 1.2 GB at a time")
	return cmd
}
