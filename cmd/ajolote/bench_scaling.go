package main

import (
	"encoding/json"
	"os"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/internal/bench"
	"github.com/ajolote-ai/ajolote/torch"
)

func newBenchScalingCommand() *cobra.Command {
	dir := os.TempDir()
	var compute torch.DType
	cmd := &cobra.Command{
		Use:   "scaling",
		Short: "Measure how a step of QLoRA grows with the model and the data",
		Long: `Measure how a step of QLoRA grows with prompt, batch, vocabulary, layers and width, on models of random weights.

Prints a JSON line a point. A larger model's step takes the operations that ajolote train --dry-run counts for it, at the rate of
the points that are most like it.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lines := json.NewEncoder(cmd.OutOrStdout())
			return bench.Scaling(cmd.Context(), dir, compute, func(p bench.ScalingPoint) error { return lines.Encode(p) })
		},
	}
	flags := cmd.Flags()
	computeVar(flags, &compute, "dtype", "type of the matrix products")
	flags.StringVar(&dir, "dir", dir, "folder for the models, up to 1.2 GB at a time")
	return cmd
}
