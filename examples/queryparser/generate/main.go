// Command generate writes the data of the query-parser example: training
// batches, development and test set, equivalence files and system prompt.
//
//	go run ./examples/queryparser/generate -out out/queryparser
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/ajolote-ai/ajolote/examples/queryparser/internal/synth"
)

func main() {
	out := flag.String("out", "out/queryparser", "folder to write to")
	seed := flag.Uint64("seed", 42, "seed of the training and development sets; the test set is fixed")
	flag.Parse()
	if err := synth.Write(*out, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
	fmt.Printf("%d training, %d development and the test queries written to %s\n", synth.TrainSize, synth.DevSize, *out)
}
