// Command parse turns questions into queries with a fine-tuned model.
//
//	go run ./examples/parse MODEL "projectes d'hidrogen verd de la UPC des del 2020"
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/ajolote-ai/ajolote/query"
	"github.com/ajolote-ai/ajolote/salamandra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: parse MODEL QUESTION...")
		os.Exit(2)
	}
	if err := run(ctx, os.Stdout, os.Args[1], salamandra.ParserOptions{}, os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "parse:", err)
		os.Exit(1)
	}
}

// run parses the questions in one batch. Answers are queries by construction, unless the options say Unconstrained. The model's prompt, which training stored beside it, is computed once for all.
func run(ctx context.Context, out io.Writer, model string, o salamandra.ParserOptions, questions []string) error {
	parser, err := salamandra.LoadParser(ctx, model, o)
	if err != nil {
		return err
	}
	defer parser.Close()
	answers, err := parser.ParseBatch(ctx, questions, nil)
	if err != nil {
		return err // of the model, the library or ctx: there are no answers
	}
	for i, a := range answers {
		fmt.Fprintln(out, questions[i])
		var schema *query.SchemaError
		switch {
		case a.Err == nil:
			fmt.Fprintf(out, "%s\n", a.Query.Canonical())
		case errors.As(a.Err, &schema):
			fmt.Fprintf(out, "  is JSON, but no query: %v\n", schema)
		default:
			fmt.Fprintf(out, "  %v; the model wrote %q\n", a.Err, a.Raw)
		}
	}
	return nil
}
