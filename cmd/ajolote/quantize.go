package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/progress"
	"github.com/ajolote-ai/ajolote/salamandra"
)

func newQuantizeCommand() *cobra.Command {
	var o salamandra.QuantizeOptions
	shard := "5GB"
	cmd := &cobra.Command{
		Use:   "quantize --model DIR --output-path DIR",
		Short: "Write a model's linear layers in NF4, as bitsandbytes does",
		Args:  flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.MaxShardBytes, err = parseBytes(shard); err != nil {
				return fmt.Errorf("--max-shard-size: %w", err)
			}
			display := progress.New(cmd.ErrOrStderr(), progress.Auto)
			defer display.Close()
			o.Progress = byteTask(display, "quantize")
			if err := salamandra.Quantize(cmd.Context(), o); err != nil {
				return err
			}
			display.Close()
			fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\n", o.Output)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Model, "model", "", "folder or hub name of the model (needed)")
	flags.StringVar(&o.Output, "output-path", "", "folder to write (needed)")
	flags.BoolVar(&o.DoubleQuant, "double-quant", false, "quantise the scales too: 4.13 bits a weight instead of 4.5")
	flags.BoolVar(&o.Head, "quantize-head", false, "quantise the output head as well")
	flags.BoolVar(&o.Embeddings, "quantize-embeddings", false, "quantise embedding and head; only ajolote reads such an embedding")
	flags.StringVar(&shard, "max-shard-size", shard, "largest weights file")
	_ = cmd.MarkFlagRequired("model")
	_ = cmd.MarkFlagRequired("output-path")
	return cmd
}

// byteTask draws a task of bytes from calls that say how many are done of how many.
func byteTask(display *progress.Display, name string) func(done, total int64) {
	var task *progress.Task
	return func(done, total int64) {
		if task == nil {
			task = display.Task(name, total, progress.Bytes)
		}
		if task.Set(done); done == total {
			task.Done()
		}
	}
}
