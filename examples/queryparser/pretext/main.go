// Command pretext writes the pre-training text of the example's embedded base
// model: one JSON object a line, the same for the same seed. With -tokenizer the
// lines are token ids and labels in place of messages.
//
//	go run ./examples/queryparser/pretext -n 50000 -seed 1 > pretrain.jsonl
//	go run ./examples/queryparser/pretext -n 50000 -seed 1 -tokenizer out/newbase > pretrain-ids.jsonl
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/ajolote-ai/ajolote/examples/queryparser/internal/pretrain"
	"github.com/ajolote-ai/ajolote/tokenizer"
)

func main() {
	n := flag.Int("n", 1000, "number of examples")
	seed := flag.Uint64("seed", 1, "seed")
	alone := flag.Int("alone", 0, "copying alone for that many examples")
	settled := flag.Int("settled", 0, "the mix holds from this example on; before, copying gives way evenly")
	named := flag.Float64("named", .75, "share of the known forms whose prompt only names them")
	spoken := flag.Float64("spoken", 0, "share of the forms that are new, with keys that say what they stand for")
	folder := flag.String("tokenizer", "", "model folder or tokenizer.json; none: text")
	flag.Parse()
	if err := run(*n, *seed, *alone, *settled, *named, *spoken, *folder); err != nil {
		fmt.Fprintln(os.Stderr, "pretext:", err)
		os.Exit(1)
	}
}

func run(n int, seed uint64, alone, settled int, named, spoken float64, folder string) error {
	stream := pretrain.NewStream(seed, pretrain.DefaultMix)
	stream.Alone, stream.Settled, stream.Named, stream.Spoken = alone, settled, named, spoken
	if folder == "" {
		return stream.Write(os.Stdout, n)
	}
	t, err := tokenizer.Load(folder)
	if err != nil {
		return err
	}
	return stream.WriteTokens(os.Stdout, t, n)
}
