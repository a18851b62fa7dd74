// Command finetune trains an adapter from Go and tells what happens: the configuration is read from a YAML file, the rest is
// one call. Interrupt it and start it again: it goes on from its last checkpoint.
//
//	go run ./examples/finetune examples/finetune/finetune.yml
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/ajolote-ai/ajolote/salamandra"
	"github.com/ajolote-ai/ajolote/train"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: finetune CONFIG.yml [KEY=VALUE]...")
		os.Exit(2)
	}
	if err := run(ctx, os.Stdout, os.Args[1], os.Args[2:]...); err != nil {
		fmt.Fprintln(os.Stderr, "finetune:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, path string, set ...string) error {
	config, notices, err := salamandra.LoadConfig(path, set...)
	if err != nil {
		return err
	}
	for _, n := range notices {
		fmt.Fprintln(out, "note:", n)
	}
	result, err := salamandra.FineTune(ctx, config, salamandra.FineTuneOptions{
		Notice: func(text string) { fmt.Fprintln(out, "note:", text) },
		Events: func(e train.Event) { tell(out, e) },
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d steps, last loss %.3f, adapter in %s\n", result.Steps, result.Loss, result.OutputDir)
	return nil
}

// tell is the progress callback. It is called by one goroutine at a time, between steps; what it does, training waits for.
func tell(out io.Writer, e train.Event) {
	switch e.Kind {
	case train.Resumed:
		fmt.Fprintf(out, "going on from %s\n", e.Path)
	case train.Stepped:
		fmt.Fprintf(out, "step %d of %d: loss %.3f, %d tokens in %.2f s\n", e.Step, e.Total, e.Loss, e.Tokens, e.Seconds)
	case train.Evaluated:
		fmt.Fprintf(out, "step %d: %v\n", e.Step, e.Metrics)
	case train.Saved:
		fmt.Fprintf(out, "saved %s\n", e.Path)
	case train.Warning:
		fmt.Fprintf(out, "warning: %s\n", e.Message)
	}
}
