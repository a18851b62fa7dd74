// Command newbase writes the initial weights of the example's embedded base
// model, with the copying circuit laid out in them, as a model folder.
//
//	go run ./examples/queryparser/newbase -out out/newbase
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/ajolote-ai/ajolote/examples/queryparser/internal/circuit"
)

func main() {
	config := circuit.DefaultConfig()
	out := flag.String("out", "out/newbase", "folder to write to")
	seed := flag.Uint64("seed", 1, "seed of the weights")
	flag.IntVar(&config.Vocabulary, "vocabulary", config.Vocabulary, "words of the tokenizer")
	flag.IntVar(&config.Layers, "layers", config.Layers, "layers")
	flag.Parse()
	if err := circuit.Write(*out, config, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "newbase:", err)
		os.Exit(1)
	}
	fmt.Println("initial weights written to", *out)
}
