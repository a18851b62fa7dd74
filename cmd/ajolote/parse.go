package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/progress"
	"github.com/ajolote-ai/ajolote/salamandra"
)

// modelFlags are what every command that runs a model takes.
type modelFlags struct {
	model, promptFile string
	options           salamandra.ParserOptions
	copies            chooseCopies
}

func (f *modelFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.model, "model", "", "folder or hub name of the model (needed)")
	flags.StringVar(&f.options.Adapter, "adapter", "", "folder of an adapter to put on it")
	flags.BoolVar(&f.options.Load4Bit, "load-in-4bit", false, "hold the linear layers in NF4")
	flags.StringVar(&f.promptFile, "prompt-file", "", "file with the system prompt; default: the one that training stored")
	flags.IntVar(&f.options.MaxNewTokens, "max-new-tokens", 0, "longest answer in tokens (0: 1024, or what the model has room for)")
	flags.IntVar(&f.options.MaxBatch, "batch-size", 32, "queries decoded together")
	flags.BoolVar(&f.options.QuantizeEmbeddings, "quantize-embeddings", false, "with --load-in-4bit: hold embedding and head in NF4 too; faster, less exact")
	computeVar(flags, &f.options.Compute, "dtype", "type of the matrix products")
	cacheVar(flags, &f.options.CacheType, "cache-type")
	f.copies = copiesFlag(cmd)
	_ = cmd.MarkFlagRequired("model")
}

// prepare reads the prompt file and lets loading be drawn.
func (f *modelFlags) prepare(display *progress.Display) error {
	if f.promptFile != "" {
		text, err := os.ReadFile(f.promptFile)
		if err != nil {
			return err
		}
		f.options.Prompt = strings.TrimSpace(string(text))
	}
	f.options.DoubleQuant, f.options.Copies = true, f.copies(display.Printf)
	if f.options.Copies != nil {
		f.options.Kept = &salamandra.KeptPrompts{Say: f.options.Copies.Say}
	}
	f.options.Loading = byteTask(display, "load")
	return nil
}

// load loads the parser and draws a bar meanwhile.
func (f *modelFlags) load(cmd *cobra.Command) (*salamandra.Parser, error) {
	display := progress.New(cmd.ErrOrStderr(), progress.Auto)
	defer display.Close()
	if err := f.prepare(display); err != nil {
		return nil, err
	}
	p, err := salamandra.LoadParser(cmd.Context(), f.model, f.options)
	if errors.Is(err, salamandra.ErrNoPrompt) {
		return nil, fmt.Errorf("%w with --prompt-file", err)
	}
	return p, err
}

func newParseCommand() *cobra.Command {
	var f modelFlags
	var stdin bool
	cmd := &cobra.Command{
		Use:   "parse --model DIR QUERY | --stdin",
		Short: "Parse questions into queries",
		Long: `Parse questions into queries.

With --stdin, each line is a question, or an object {"id", "query"}; each line out is {"id", "query", "success", "parsed", "output"},
in the same order, so that eval reads it. A line is answered as soon as it is there; those that come meanwhile are answered
together with it.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if stdin == (len(args) > 0) {
				return errors.New("give a question, or --stdin")
			}
			p, err := f.load(cmd)
			if err != nil {
				return err
			}
			defer p.Close()
			constrained := "constrained to the schema of queries"
			if f.options.Unconstrained {
				constrained = "not constrained"
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "answers are %s\n", constrained)
			if stdin {
				return parseLines(cmd.Context(), p, cmd.InOrStdin(), cmd.OutOrStdout(), f.options.MaxBatch)
			}
			q, err := p.Parse(cmd.Context(), strings.Join(args, " "))
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s\n", q.Canonical())
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&f.options.Unconstrained, "unconstrained", false, "let the model write what it will, instead of queries by construction")
	cmd.Flags().BoolVar(&stdin, "stdin", false, "parse the lines of standard input")
	return cmd
}
