package main

import (
	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/salamandra"
)

func newLogitsCommand() *cobra.Command {
	var o salamandra.LogitsOptions
	var copies chooseCopies
	cmd := &cobra.Command{
		Use:   "logits --model DIR --input ids.jsonl --output logits.npy",
		Short: "Write a model's logits, for comparing with other programs",
		Long: `Write a model's logits, for comparing with other programs.

The input has one JSON array of token ids a line. The output is a float32 array [tokens, words] in NumPy's format, the rows of
one line after those of the one before.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Copies = copies(func(format string, args ...any) { cmd.PrintErrf(format+"\n", args...) })
			return salamandra.Logits(cmd.Context(), o)
		},
	}
	copies = copiesFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.Model, "model", "", "folder or hub name of the model (needed)")
	flags.StringVar(&o.Adapter, "adapter", "", "folder of an adapter to put on it")
	flags.BoolVar(&o.Load4Bit, "load-in-4bit", false, "hold the linear layers in NF4, double-quantised")
	flags.BoolVar(&o.Embeddings, "quantize-embeddings", false, "with --load-in-4bit: hold embedding and head in NF4 too")
	flags.BoolVar(&o.SharedPrefix, "shared-prefix", false, "compute the tokens that all lines begin with once")
	flags.StringVar(&o.Input, "input", "", "file with one JSON array of ids a line (needed)")
	flags.StringVar(&o.Output, "output", "", "file to write (needed)")
	for _, name := range []string{"model", "input", "output"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}
