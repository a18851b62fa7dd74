// Command pairs writes the data of the demo's retrieval half. Without -general: pairs to train on (train.jsonl), and a BEIR
// folder to test on (corpus.jsonl, queries.jsonl, qrels/test.tsv). With -general N: the pairs from which the embedded encoder
// was made, names of organisations and everyday phrases in three languages, on standard output.
//
//	go run ./examples/queryparser/pairs -out out/retrieval
//	go run ./examples/queryparser/pairs -general 60000 > general.jsonl
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/ajolote-ai/ajolote/examples/queryparser/internal/pretrain"
	"github.com/ajolote-ai/ajolote/examples/queryparser/internal/synth"
)

func main() {
	out := flag.String("out", "out/retrieval", "folder to write to")
	general := flag.Int("general", 0, "write so many general pairs to standard output")
	seed := flag.Uint64("seed", 42, "seed of everything drawn")
	flag.Parse()
	var err error
	if *general > 0 {
		err = writeGeneral(os.Stdout, *general, *seed)
	} else {
		err = writeRetrieval(*out, *seed)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pairs:", err)
		os.Exit(1)
	}
}

// organisationShare of the general pairs are names of organisations.
const organisationShare = .15

func writeGeneral(w io.Writer, n int, seed uint64) error {
	names, err := synth.OrganisationPairs()
	if err != nil {
		return err
	}
	stream := pretrain.NewStream(seed, pretrain.DefaultMix)
	return lines(w, n, func(i int) any {
		if at := float64(i) * organisationShare; int(at) != int(at+organisationShare) {
			return names[int(at)%len(names)]
		}
		p := stream.Parallel()
		return synth.Pair{Query: p.Query, Passage: p.Passage}
	})
}

func writeRetrieval(folder string, seed uint64) error {
	data, err := synth.NewRetrieval(seed)
	if err != nil {
		return err
	}
	for name, write := range map[string]func(io.Writer) error{
		"train.jsonl":  func(w io.Writer) error { return lines(w, len(data.Train), func(i int) any { return data.Train[i] }) },
		"corpus.jsonl": func(w io.Writer) error { return lines(w, len(data.Corpus), func(i int) any { return data.Corpus[i] }) },
		"queries.jsonl": func(w io.Writer) error {
			return lines(w, len(data.Queries), func(i int) any { return data.Queries[i] })
		},
		"qrels/test.tsv": func(w io.Writer) error {
			_, err := io.WriteString(w, "query-id\tcorpus-id\tscore\n")
			for _, pair := range slices.Sorted(maps.Keys(data.Right)) {
				if err == nil {
					_, err = fmt.Fprintf(w, "%s\t1\n", pair)
				}
			}
			return err
		},
	} {
		if err := writeFile(filepath.Join(folder, name), write); err != nil {
			return err
		}
	}
	fmt.Printf("%d training pairs, %d test queries, %d abstracts written to %s\n", len(data.Train), len(data.Queries), len(data.Corpus), folder)
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// lines writes n values as JSON, one a line.
func lines(w io.Writer, n int, value func(i int) any) error {
	buf := bufio.NewWriter(w)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	for i := range n {
		if err := enc.Encode(value(i)); err != nil {
			return err
		}
	}
	return buf.Flush()
}
