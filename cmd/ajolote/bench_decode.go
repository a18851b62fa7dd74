package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/internal/bench"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
)

func newBenchDecodeCommand() *cobra.Command {
	var measured bench.DecodeOptions
	var dense bool
	o := llama.LoadOptions{DoubleQuant: true}
	cache := torch.Float32
	cmd := &cobra.Command{
		Use:   "decode MODEL",
		Short: "Measure reading a prompt and writing behind it, one sequence",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Load4Bit = !dense
			m, err := llama.Load(cmd.Context(), args[0], o)
			if err != nil {
				return err
			}
			defer m.Free()
			m.CacheType = cache
			r, err := bench.Decode(cmd.Context(), m, measured)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&measured.Prompt, "prompt", 1024, "tokens of the prompt")
	flags.IntVar(&measured.New, "new", 64, "tokens to write")
	flags.IntVar(&measured.Repeat, "repeat", 3, "repetitions, of which the median counts")
	flags.BoolVar(&dense, "dense", false, "leave the weights as the file has them")
	flags.BoolVar(&o.QuantizeEmbeddings, "quantize-embeddings", false, "hold embedding and head in NF4 too")
	computeVar(flags, &o.Compute, "compute", "type in which the model computes")
	cacheVar(flags, &cache, "cache")
	return cmd
}
