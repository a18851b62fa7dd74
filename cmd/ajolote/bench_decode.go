package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/models/llama"
)

func newBenchDecodeCommand() *cobra.Command {
	var prompt, length, repeat int
	var dense bool
	cmd := &cobra.Command{
		Use:   "decode MODEL",
		Short: "Measure reading a prompt and writing tokens behind it, NF4 weights, one sequence",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := llama.Load(cmd.Context(), args[0], llama.LoadOptions{Load4Bit: !dense, DoubleQuant: true})
			if err != nil {
				return err
			}
			defer m.Free()
			r, err := generate.Bench(cmd.Context(), m, prompt, length, repeat)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&prompt, "prompt", 1024, "tokens of the prompt")
	flags.IntVar(&length, "new", 64, "tokens to write")
	flags.IntVar(&repeat, "repeat", 3, "repetitions, of which the best counts")
	flags.BoolVar(&dense, "dense", false, "leave the weights as the file has them")
	return cmd
}
