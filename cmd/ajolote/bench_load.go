package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/internal/bench"
	"github.com/ajolote-ai/ajolote/models/llama"
)

func newBenchLoadCommand() *cobra.Command {
	var o bench.LoadOptions
	var shape string
	random := llama.RandomOptions{Seed: 1}
	cmd := &cobra.Command{
		Use:   "load FOLDER",
		Short: "Measure loading a checkpoint into NF4, and its quantised copy",
		Long: `Measure loading a checkpoint into NF4, double-quantised, and loading it again from the quantised copy; print a JSON object.

With --shape, FOLDER is where a model of that shape with random weights lies; what is not there is written first. In bfloat16
that takes 4.5 GB for salamandra-2b and 15.5 GB for salamandra-7b, with --nf4 2.9 and 7.8 GB.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Model = args[0]
			random.Embeddings = random.NF4 && o.QuantizeEmbeddings
			if _, err := os.Stat(filepath.Join(o.Model, "config.json")); shape != "" && os.IsNotExist(err) {
				cmd.PrintErrf("writing %s of random weights into %s\n", shape, o.Model)
				if err := bench.WriteShape(cmd.Context(), o.Model, shape, random); err != nil {
					return fmt.Errorf("--shape: %w", err)
				}
			}
			r, err := bench.Load(cmd.Context(), o)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&shape, "shape", "", "write this model if FOLDER has none: "+strings.Join(bench.Shapes(), " or "))
	flags.BoolVar(&random.NF4, "nf4", false, "with --shape: write it in NF4")
	flags.BoolVar(&o.QuantizeEmbeddings, "quantize-embeddings", false, "hold embedding and head in NF4 too")
	flags.BoolVar(&o.Cold, "cold", false, "drop the files from the system's cache before each loading")
	return cmd
}
