package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/generate/grammar"
	"github.com/ajolote-ai/ajolote/progress"
	"github.com/ajolote-ai/ajolote/salamandra"
)

func newGenerateCommand() *cobra.Command {
	var o salamandra.WriterOptions
	var r generate.Options
	var model, prompt, schema string
	var chat, compact bool
	var copies chooseCopies
	cmd := &cobra.Command{
		Use:   "generate --model DIR --prompt TEXT",
		Short: "Let a model go on with a text",
		Long: `Let a model go on with a text, which is written as it comes.

With --schema the continuation is JSON of a schema by construction. With --log-probs, each token follows on a line of its own
with the natural logarithm of its probability.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			display := progress.New(cmd.ErrOrStderr(), progress.Auto)
			o.Loading, o.Copies = byteTask(display, "load"), copies(display.Printf)
			w, err := salamandra.LoadWriter(cmd.Context(), model, o)
			display.Close()
			if err != nil {
				return err
			}
			defer w.Close()
			if schema != "" {
				text, err := os.ReadFile(schema)
				if err != nil {
					return err
				}
				g, err := grammar.Compile(text, grammar.Options{Compact: compact})
				if err != nil {
					return fmt.Errorf("%s: %w", schema, err)
				}
				if r.Grammar, err = w.Grammar(g); err != nil {
					return err
				}
			}
			out := cmd.OutOrStdout()
			result, err := w.Write(cmd.Context(), prompt, chat, r, func(text string) error {
				_, err := fmt.Fprint(out, text)
				return err
			})
			if err != nil {
				return err
			}
			fmt.Fprintln(out)
			for i, p := range result.LogProbs {
				fmt.Fprintf(out, "%8d %9.4f %q\n", result.Tokens[i], p, w.Text(result.Tokens[i]))
			}
			if result.Closed != "" {
				fmt.Fprintf(cmd.ErrOrStderr(), "cut after %d tokens; closed with %q\n", len(result.Tokens), result.Closed)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&model, "model", "", "folder or hub name of the model (needed)")
	flags.StringVar(&prompt, "prompt", "", "text to go on with (needed)")
	flags.BoolVar(&chat, "chat", false, "the prompt is a user's message, in the model's chat template")
	flags.StringVar(&o.Adapter, "adapter", "", "folder of an adapter to put on the model")
	flags.BoolVar(&o.Load4Bit, "load-in-4bit", false, "hold the linear layers in NF4, double-quantised")
	flags.IntVar(&r.MaxNewTokens, "max-new-tokens", 256, "longest continuation in tokens")
	flags.StringArrayVar(&r.StopStrings, "stop", nil, "text to stop at; may be given several times")
	flags.Int32SliceVar(&r.StopTokens, "stop-token", nil, "id of a token to stop at, beside the model's own; may be given several times")
	flags.Float64Var(&r.Temperature, "temperature", 0, "of sampling; 0 takes the likeliest token")
	flags.IntVar(&r.TopK, "top-k", 0, "only the K likeliest tokens; 0 for all")
	flags.Float64Var(&r.TopP, "top-p", 0, "only the likeliest tokens whose probabilities add up to P; 0 for all")
	flags.Float64Var(&r.MinP, "min-p", 0, "only tokens at least so many times as likely as the likeliest; 0 for all")
	flags.Float64Var(&r.RepetitionPenalty, "repetition-penalty", 0, "above 1 makes tokens that have occurred less likely; 0 for none")
	flags.Uint64Var(&r.Seed, "seed", 0, "of sampling")
	flags.IntVar(&r.Guess, "guess", 0, "guess so many tokens at once from the prompt's words; the text is the same")
	flags.BoolVar(&r.LogProbs, "log-probs", false, "report the log-probability of every token")
	flags.StringVar(&schema, "schema", "", "file with a JSON Schema for the continuation")
	computeVar(flags, &o.Compute, "dtype", "type of the matrix products")
	cacheVar(flags, &o.CacheType, "cache-type")
	copies = copiesFlag(cmd)
	flags.BoolVar(&compact, "compact", false, "with --schema: no white space")
	for _, name := range []string{"model", "prompt"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}
