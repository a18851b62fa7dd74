package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/salamandra"
)

func newPrepareCommand() *cobra.Command {
	o := salamandra.PrepareOptions{Seed: big.NewInt(42), Format: "messages"}
	cmd := &cobra.Command{
		Use:   "prepare --input-dir DIR --output-file FILE --prompt-file FILE --model NAME",
		Short: "Make training data for the query parser from batch files",
		Long: `Make training data for the query parser from batch files.

Reads the batch files of a folder, puts the system prompt before each question, and writes one conversation a line.
The flags, the console, the exit status and the bytes written are those of IMPULS' prepare_training_data.py.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			o.Console = out
			o.Confirm = func(question string) (string, error) { return ask(cmd.InOrStdin(), out, question) }
			_, err := salamandra.Prepare(cmd.Context(), o)
			var prompt *salamandra.PromptError
			var batches *salamandra.BatchError
			switch {
			case errors.As(err, &prompt):
				fmt.Fprintf(out, "✗ Error loading prompt: %s\n", prompt.Reason)
				return exitStatus(1)
			case errors.As(err, &batches):
				fmt.Fprintf(out, "✗ Error: %s\n", batches.Reason)
				return exitStatus(1)
			case errors.Is(err, salamandra.ErrDeclined):
				return exitStatus(1)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.InputDir, "input-dir", "", "folder with batch files (needed)")
	flags.StringVar(&o.OutputFile, "output-file", "", "JSONL file to write (needed)")
	flags.StringVar(&o.PromptFile, "prompt-file", "", "file with the system prompt (needed)")
	flags.StringVar(&o.Model, "model", "", "name of the base model; it decides the form of the messages (needed)")
	flags.StringVar(&o.Pattern, "pattern", "batch*.json", "batch files to read in the folder")
	flags.Var(&choiceFlag{&o.Format, []string{"messages", "sharegpt"}}, "format", "form of the rows")
	flags.BoolVar(&o.Validate, "validate", false, "look for records without a needed key, and ask whether to go on")
	flags.BoolVar(&o.Shuffle, "shuffle", false, "shuffle the examples")
	flags.Var(&integerFlag{o.Seed}, "seed", "seed of the order, with --shuffle")
	likeArgparse(cmd, "input-dir", "output-file", "prompt-file", "model")
	return cmd
}

// ask prints a question and reads a line as the answer. The end of the input is an error.
func ask(in io.Reader, out io.Writer, question string) (string, error) {
	if _, err := io.WriteString(out, question); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if line == "" && err != nil {
		return "", fmt.Errorf("%sno answer: %w", question, err)
	}
	return strings.TrimSuffix(line, "\n"), nil
}
