package main

import "github.com/spf13/cobra"

// newEmbedCommand gathers the commands for embedding models.
func newEmbedCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "embed",
		Short: "Train, evaluate and use embedding models",
	}
	cmd.AddCommand(newEmbedClassifyCommand(), newEmbedEncodeCommand(), newEmbedEvaluateCommand(), newEmbedMineCommand(), newEmbedPairsCommand(), newEmbedSearchCommand(), newEmbedTrainCommand())
	return cmd
}
