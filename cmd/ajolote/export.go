package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/gguf"
	"github.com/ajolote-ai/ajolote/progress"
)

func newExportCommand() *cobra.Command {
	var o gguf.Options
	var output string
	format, kind := "gguf", string(gguf.F16)
	cmd := &cobra.Command{
		Use:   "export MODEL --output F.gguf",
		Short: "Write a model or an adapter for llama.cpp and ollama",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if format != "gguf" {
				return fmt.Errorf("--format %s: only gguf is written", format)
			}
			if output == "" {
				return errors.New("--output names the file to write")
			}
			if o.Type, err = gguf.ParseType(kind); err != nil {
				return err
			}
			display := progress.New(cmd.ErrOrStderr(), progress.Auto)
			defer display.Close()
			o.Progress = byteTask(display, "export")
			return gguf.Export(cmd.Context(), args[0], output, o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&format, "format", format, "of the file: gguf")
	flags.StringVar(&kind, "type", kind, "of the matrices: f32, f16, bf16 or q8_0")
	flags.StringVar(&o.Base, "base", "", "model directory of an adapter; default: the one that it names")
	flags.StringVar(&o.Name, "name", "", "of the model; default: its directory's")
	flags.BoolVar(&o.WithoutTokenizer, "without-tokenizer", false, "export the model alone: programs must feed and read token ids")
	flags.StringVar(&output, "output", "", "file to write (needed)")
	return cmd
}
