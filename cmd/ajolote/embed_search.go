package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/progress"
	"github.com/ajolote-ai/ajolote/sbert"
)

func newEmbedSearchCommand() *cobra.Command {
	var model, index, texts, column string
	var queries []string
	var k int
	cmd := &cobra.Command{
		Use:   "search --model MODEL --index VECTORS.npy --query TEXT",
		Short: "Find the texts that are nearest to a query",
		Long: `Find the texts that are nearest to a query: exactly, over the vectors that "embed encode --normalize" has written.

Each hit is a line of JSON: the query, the rank, the row of the index from 0, the score and, with --texts, the text.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			x, err := sbert.OpenIndex(index)
			if err != nil {
				return err
			}
			defer x.Close()
			display := progress.New(cmd.ErrOrStderr(), progress.Auto)
			defer display.Close()
			m, err := loadEmbedder(cmd.Context(), display, model)
			if err != nil {
				return err
			}
			defer m.Free()
			if m.Similarity != "dot" && x.Rows > 0 && !x.Normalized(0) {
				return fmt.Errorf("%s: its vectors are not of length 1, so their products are no cosines: encode with --normalize", index)
			}
			o := sbert.EncodeOptions{Normalize: m.Similarity != "dot"}
			if x.Dimensions < m.Dimensions() {
				o.Dimensions = x.Dimensions
			}
			o.PromptName = m.PromptFor("query")
			v, err := m.Encode(cmd.Context(), queries, o)
			if err != nil {
				return err
			}
			found, err := sbert.Search(v, &x.Vectors, k)
			if err != nil {
				return err
			}
			display.Close()
			var text map[int]string
			if texts != "" {
				if text, err = sbert.FoundTexts(texts, column, found); err != nil {
					return err
				}
			}
			e := json.NewEncoder(cmd.OutOrStdout())
			e.SetEscapeHTML(false)
			for i, matches := range found {
				for rank, match := range matches {
					if err := e.Encode(struct {
						Query string  `json:"query"`
						Rank  int     `json:"rank"`
						Row   int     `json:"row"`
						Score float32 `json:"score"`
						Text  string  `json:"text,omitempty"`
					}{queries[i], rank + 1, match.Row, match.Score, text[match.Row]}); err != nil {
						return err
					}
				}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&model, "model", "", "folder or hub name of the model")
	flags.StringVar(&index, "index", "", "vectors, a .npy file of float32")
	flags.StringArrayVar(&queries, "query", nil, "text to look for; may be given several times")
	flags.StringVar(&texts, "texts", "", "file that the vectors were made of, to show the texts")
	flags.StringVar(&column, "column", "text", "column of the texts")
	flags.IntVar(&k, "top-k", 10, "hits of each query")
	for _, name := range []string{"model", "index", "query"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}
