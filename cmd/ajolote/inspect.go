package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/salamandra"
)

func newInspectCommand() *cobra.Command {
	var lengths []int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect DIR",
		Short: "Say what a model or adapter folder holds, and the memory it needs",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := salamandra.Inspect(args[0], lengths...)
			if err != nil {
				return err
			}
			if asJSON {
				out := json.NewEncoder(cmd.OutOrStdout())
				out.SetIndent("", "  ")
				return out.Encode(r)
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), r)
			return err
		},
	}
	cmd.Flags().IntSliceVar(&lengths, "lengths", nil, "numbers of tokens to say the memory for (default 1024, 4096 and the model's longest)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}
