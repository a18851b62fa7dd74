package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
)

func newBenchQueriesCommand() *cobra.Command {
	o := generate.QueriesBenchOptions{Prompt: 1024, New: 150, Count: 100}
	load := llama.LoadOptions{Load4Bit: true, DoubleQuant: true}
	dtype := "float32"
	cmd := &cobra.Command{
		Use:   "queries MODEL",
		Short: "Measure short questions behind one long prompt that is kept, NF4 weights",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if load.Compute, err = torch.ParseDType(dtype); err != nil {
				return err
			}
			m, err := llama.Load(cmd.Context(), args[0], load)
			if err != nil {
				return err
			}
			defer m.Free()
			r, err := generate.BenchQueries(cmd.Context(), m, o)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(struct {
				generate.QueriesBenchResult
				DType string `json:"dtype"`
			}{r, dtype})
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&o.Prompt, "prompt", o.Prompt, "tokens that all questions begin with")
	flags.IntVar(&o.New, "new", o.New, "tokens of an answer")
	flags.IntVar(&o.Count, "count", o.Count, "questions, of 20 to 60 tokens")
	flags.IntVar(&o.MaxBatch, "batch-size", 0, "answers written together (0: the default of generation)")
	flags.StringVar(&dtype, "dtype", dtype, "type of the matrix products: float32 or bfloat16")
	flags.BoolVar(&load.QuantizeEmbeddings, "quantize-embeddings", false, "hold embedding and head in NF4 too")
	return cmd
}
