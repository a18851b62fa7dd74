package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/tokenizer"
)

func newTokenizeCommand() *cobra.Command {
	var (
		path     string
		settings tokenizer.Settings
		plain    bool
		decode   bool
	)
	cmd := &cobra.Command{
		Use:   "tokenize --tokenizer DIR|FILE",
		Short: "Turn texts into token ids, or ids into texts",
		Long: `Turn texts into token ids, or ids into texts.

Reads one JSON string a line from standard input and writes one JSON array of ids a line; with --decode it is the other
way around. --no-special leaves out the tokens that the model puts around a text, and in decoding all special tokens.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings.Warn = func(message string) { fmt.Fprintln(cmd.ErrOrStderr(), "ajolote: note:", message) }
			t, err := tokenizer.LoadWith(path, settings)
			if err != nil {
				return err
			}
			if decode {
				return mapLines(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), func(batch [][]int32) ([]string, error) {
					return t.DecodeBatch(batch, plain), nil
				})
			}
			opts := tokenizer.EncodeOptions{WithoutSpecialTokens: plain}
			return mapLines(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), func(texts []string) ([][]int32, error) {
				return t.EncodeBatchIDs(texts, opts)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&path, "tokenizer", "", "model directory, tokenizer.json or SentencePiece model (needed)")
	flags.BoolVar(&plain, "no-special", false, "leave special tokens out")
	flags.BoolVar(&decode, "decode", false, "read arrays of ids and write strings")
	flags.BoolVar(&settings.LikeTransformers5, "like-transformers-5", false, "read a Llama directory as transformers 5 does")
	if err := cmd.MarkFlagRequired("tokenizer"); err != nil {
		panic(err) // the flag is declared above
	}
	return cmd
}

// linesAtOnce is how many lines are read before they are worked on together.
const linesAtOnce = 4096

// mapLines reads a JSON value a line, has each applied to some thousand of them, and writes a JSON value a line.
func mapLines[From, To any](ctx context.Context, in io.Reader, out io.Writer, each func([]From) ([]To, error)) error {
	reader, writer := bufio.NewReaderSize(in, 1<<16), bufio.NewWriterSize(out, 1<<16)
	encoder := json.NewEncoder(writer)
	encoder.SetEscapeHTML(false)
	var batch []From
	work := func(first int) error {
		results, err := each(batch)
		if err != nil {
			return fmt.Errorf("lines %d to %d: %w", first, first+len(batch)-1, err)
		}
		for _, result := range results {
			if err := encoder.Encode(result); err != nil {
				return err
			}
		}
		batch = batch[:0]
		return ctx.Err()
	}
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		ended := err != nil
		if len(line) > 0 {
			var value From
			if err := json.Unmarshal(line, &value); err != nil {
				return fmt.Errorf("line %d: %w", number, err)
			}
			batch = append(batch, value)
		}
		if len(batch) == linesAtOnce || ended {
			if err := work(number + 1 - len(batch)); err != nil {
				return err
			}
		}
		if ended {
			return writer.Flush()
		}
	}
}
