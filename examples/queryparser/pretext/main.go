// Command pretext writes the pre-training text of the example's embedded base
// model: one JSON object a line, the same for the same seed.
//
//	go run ./examples/queryparser/pretext -n 50000 -seed 1 > pretrain.jsonl
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/ajolote-ai/ajolote/examples/queryparser/internal/pretrain"
)

func main() {
	n := flag.Int("n", 1000, "number of examples")
	seed := flag.Uint64("seed", 1, "seed")
	flag.Parse()
	if err := pretrain.NewStream(*seed, pretrain.DefaultMix).Write(os.Stdout, *n); err != nil {
		fmt.Fprintln(os.Stderr, "pretext:", err)
		os.Exit(1)
	}
}
