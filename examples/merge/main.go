// Command merge adds an adapter to its base model and writes a model directory that needs no adapter.
//
//	go run ./examples/merge out/finetune out/merged
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/ajolote-ai/ajolote/salamandra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: merge ADAPTER OUTPUT")
		os.Exit(2)
	}
	if err := run(ctx, os.Stdout, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "merge:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, adapter, output string) error {
	result, err := salamandra.Merge(ctx, salamandra.MergeOptions{
		Adapter: adapter,
		Output:  output,
		DType:   "float32", // bfloat16 when left out, as Salamandra has it
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d layers of %s changed; %d tensors, %d bytes in %s\n", result.Modules, result.Base, result.Tensors, result.Bytes, output)
	return nil
}
