package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/internal/bench"
	"github.com/ajolote-ai/ajolote/models/llama"
)

func newBenchQueriesCommand() *cobra.Command {
	o := bench.QueriesOptions{Prompt: 1024, New: 150, Count: 100}
	load := llama.LoadOptions{Load4Bit: true, DoubleQuant: true}
	cmd := &cobra.Command{
		Use:   "queries MODEL",
		Short: "Measure short questions behind one long prompt that is kept",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := llama.Load(cmd.Context(), args[0], load)
			if err != nil {
				return err
			}
			defer m.Free()
			r, err := bench.Queries(cmd.Context(), m, o)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(struct {
				bench.QueriesResult
				DType string `json:"dtype"`
			}{r, load.Compute.String()})
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&o.Prompt, "prompt", o.Prompt, "tokens that all questions begin with")
	flags.IntVar(&o.New, "new", o.New, "tokens of an answer")
	flags.IntVar(&o.Count, "count", o.Count, "questions, of 20 to 60 tokens")
	flags.IntVar(&o.MaxBatch, "batch-size", 0, "answers written together (0: the default of generation)")
	computeVar(flags, &load.Compute, "dtype", "type of the matrix products")
	flags.BoolVar(&load.QuantizeEmbeddings, "quantize-embeddings", false, "hold embedding and head in NF4 too")
	return cmd
}
