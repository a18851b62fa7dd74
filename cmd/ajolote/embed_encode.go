package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/hub"
	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/progress"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch"
)

// loadEmbedder fetches and reads an embedding model that computes in float32.
func loadEmbedder(ctx context.Context, display *progress.Display, name string) (*sbert.Model, error) {
	return loadEmbedderIn(ctx, display, name, torch.Float32)
}

func loadEmbedderIn(ctx context.Context, display *progress.Display, name string, compute torch.DType) (*sbert.Model, error) {
	dir, err := hub.Fetch(ctx, hub.Request{Name: name, Ignore: []string{"*.bin", "*.h5", "*.onnx", "openvino/"}})
	if err != nil {
		return nil, err
	}
	return sbert.Load(ctx, dir, bert.LoadOptions{Compute: compute, Progress: byteTask(display, "load")})
}

func newEmbedEncodeCommand() *cobra.Command {
	var model, input, output string
	var compute torch.DType
	var maxTokens int
	var o sbert.FileOptions
	cmd := &cobra.Command{
		Use:   "encode --model MODEL --input FILE --output FILE",
		Short: "Turn the texts of a file into vectors",
		Long: `Turn the texts of a file (.txt, .jsonl, .csv, .tsv, .parquet) into vectors (.npy, .jsonl, .parquet).

Files may be larger than the memory. Killed and started again, it goes on where it was.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.Validate(input, output); err != nil {
				return err
			}
			display := progress.New(cmd.ErrOrStderr(), progress.Auto)
			defer display.Close()
			m, err := loadEmbedderIn(cmd.Context(), display, model, compute)
			if err != nil {
				return err
			}
			defer m.Free()
			if maxTokens > 0 {
				if err := m.SetMaxTokens(maxTokens); err != nil {
					return err
				}
			}
			task := display.Task("encode", 0, progress.Count("texts"))
			done, resumed := 0, false
			o.Progress = func(n, _ int) { task.Set(int64(done + n)) }
			o.Done = func(n, earlier int) {
				if earlier > 0 && !resumed {
					task.Resume(int64(earlier))
					resumed = true
				}
				done = n
				task.Set(int64(n))
			}
			n, err := m.EncodeFile(cmd.Context(), input, output, o)
			if err != nil {
				return err
			}
			task.Done()
			display.Close()
			fmt.Fprintf(cmd.OutOrStdout(), "%d texts in %s\n", n, output)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&model, "model", "", "folder or hub name of the model")
	flags.StringVar(&input, "input", "", "file of texts")
	flags.StringVar(&output, "output", "", "file of vectors")
	flags.StringVar(&o.Column, "column", "text", "column of the texts")
	flags.IntVar(&o.BatchSize, "batch-size", 64, "texts of ordinary length at once")
	flags.BoolVar(&o.Normalize, "normalize", false, "divide each vector by its length")
	flags.StringVar(&o.Prompt, "prompt", "", "text to put before every text")
	flags.StringVar(&o.PromptName, "prompt-name", "", "name of one of the model's prompts")
	flags.IntVar(&o.Dimensions, "dimensions", 0, "keep only so many of each vector's first numbers")
	computeVar(flags, &compute, "dtype", "type to compute in")
	flags.StringVar(&o.Precision, "precision", "float32", "float32, float16, int8 or ubinary")
	flags.IntVar(&maxTokens, "max-seq-length", 0, "cut longer texts to so many tokens (default: as the model says)")
	for _, name := range []string{"model", "input", "output"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}
