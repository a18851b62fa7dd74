package main

import (
	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/models/llama"
)

// chooseCopies is called when the flags are read, with what shows a line of text. It returns where quantised copies are kept,
// or nil.
type chooseCopies func(show func(format string, args ...any)) *llama.Copies

// copiesFlag adds --no-cache to a command that loads a model in NF4.
func copiesFlag(cmd *cobra.Command) chooseCopies {
	off := cmd.Flags().Bool("no-cache", false, "keep nothing of the work of loading for the next start (quantised weights, the prompt as the model has it), and use none of it")
	return func(show func(format string, args ...any)) *llama.Copies {
		if *off {
			return nil
		}
		return &llama.Copies{Say: func(text string) { show("note: %s", text) }}
	}
}
