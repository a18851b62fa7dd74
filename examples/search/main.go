// Command search finds the rows of a table that are nearest in meaning to questions, in whatever language they are asked, if
// the model knows it.
//
//	go run ./examples/search MODEL projects.csv abstract "energia de l'hidrogen" "salud mental de los jóvenes"
//
// The vectors of the column are made once and lie beside the table from then on, as projects.csv.npy.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"

	"github.com/ajolote-ai/ajolote/hub"
	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/sbert"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) < 5 {
		fmt.Fprintln(os.Stderr, "usage: search MODEL TABLE COLUMN QUESTION...")
		os.Exit(2)
	}
	if err := run(ctx, os.Stdout, os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, model, table, column string, questions []string) error {
	dir, err := hub.Fetch(ctx, hub.Request{Name: model, Ignore: []string{"*.bin", "*.h5", "*.onnx", "openvino/"}})
	if err != nil {
		return err
	}
	m, err := sbert.Load(ctx, dir, bert.LoadOptions{})
	if err != nil {
		return err
	}
	defer m.Free()
	index, err := openIndex(ctx, m, table, column)
	if err != nil {
		return err
	}
	defer index.Close()
	vectors, err := m.Encode(ctx, questions, sbert.EncodeOptions{Normalize: true, PromptName: m.PromptFor("query")})
	if err != nil {
		return err
	}
	found, err := sbert.Search(vectors, &index.Vectors, 3)
	if err != nil {
		return err
	}
	texts, err := sbert.FoundTexts(table, column, found)
	if err != nil {
		return err
	}
	for i, matches := range found {
		fmt.Fprintln(out, questions[i])
		for _, match := range matches {
			fmt.Fprintf(out, "  %.3f  %s\n", match.Score, texts[match.Row])
		}
	}
	return nil
}

// openIndex maps the vectors of the table, which are made when they are missing or older than it.
func openIndex(ctx context.Context, m *sbert.Model, table, column string) (*sbert.Index, error) {
	path := table + ".npy"
	source, err := os.Stat(table)
	if err != nil {
		return nil, err
	}
	made, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil || made.ModTime().Before(source.ModTime()) {
		o := sbert.FileOptions{EncodeOptions: sbert.EncodeOptions{Normalize: true, PromptName: m.PromptFor("document", "passage", "corpus")}, Column: column}
		if _, err := m.EncodeFile(ctx, table, path, o); err != nil {
			return nil, err
		}
	}
	return sbert.OpenIndex(path)
}
