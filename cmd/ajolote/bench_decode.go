package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
)

func newBenchDecodeCommand() *cobra.Command {
	var prompt, length, repeat int
	var dense, head4 bool
	var compute, cache string
	cmd := &cobra.Command{
		Use:   "decode MODEL",
		Short: "Measure reading a prompt and writing tokens behind it, NF4 weights, one sequence",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := llama.LoadOptions{Load4Bit: !dense, DoubleQuant: true, QuantizeEmbeddings: head4}
			var err error
			if o.Compute, err = torch.ParseDType(compute); err != nil {
				return fmt.Errorf("--compute: %w", err)
			}
			cacheType, err := torch.ParseDType(cache)
			if err != nil {
				return fmt.Errorf("--cache: %w", err)
			}
			m, err := llama.Load(cmd.Context(), args[0], o)
			if err != nil {
				return err
			}
			defer m.Free()
			m.CacheType = cacheType
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
	flags.IntVar(&repeat, "repeat", 3, "repetitions, of which the median counts")
	flags.BoolVar(&dense, "dense", false, "leave the weights as the file has them")
	flags.BoolVar(&head4, "quantize-embeddings", false, "hold embedding and head in NF4 too")
	flags.StringVar(&compute, "compute", "float32", "type in which the model computes")
	flags.StringVar(&cache, "cache", "float32", "type of the kept keys and values: float32, bfloat16 or float16")
	return cmd
}
