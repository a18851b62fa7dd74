package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/salamandra"
)

func newBenchLoadCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "load MODEL",
		Short: "Measure loading a checkpoint into NF4, and loading it again from the quantised copy",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := salamandra.BenchLoad(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
		},
	}
}
