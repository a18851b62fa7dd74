package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/salamandra"
)

func newAverageCommand() *cobra.Command {
	o := salamandra.AverageOptions{}
	cmd := &cobra.Command{
		Use:   "average --model-dir DIR --output-dir DIR",
		Short: "Average the last checkpoints of a run into one adapter",
		Long: `Average the last checkpoints of a run into one adapter, or one model where whole models were trained.

By default A and B are averaged each by itself, as the reference does. With --products it is what the adapters add to the
weights that is averaged: exact, and as many times the rank as there are checkpoints.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := salamandra.Average(cmd.Context(), o)
			if err != nil {
				return err
			}
			if r.Warning != "" {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning:", r.Warning)
			}
			out := cmd.OutOrStdout()
			for _, dir := range r.Checkpoints {
				fmt.Fprintln(out, dir)
			}
			fmt.Fprintf(out, "averaged %d checkpoints into %s: %d tensors\n", len(r.Checkpoints), o.Output, r.Tensors)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.ModelDir, "model-dir", "", "folder with the checkpoint-N folders (needed)")
	flags.StringVar(&o.Output, "output-dir", "", "folder to write (needed)")
	flags.IntVar(&o.Last, "num-checkpoints", 3, "how many, counted from the end; 0 for all")
	flags.BoolVar(&o.Products, "products", false, "average the products BA, exactly, at a larger rank")
	flags.BoolVar(&o.Force, "force", false, "replace an output folder that exists")
	_ = cmd.MarkFlagRequired("model-dir")
	_ = cmd.MarkFlagRequired("output-dir")
	return cmd
}
