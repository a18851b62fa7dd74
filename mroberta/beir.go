package mroberta

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/ajolote-ai/ajolote/internal/atomicfile"
)

// WriteBEIR writes a BEIR folder of one split: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv. Languages stand in the field "lang".
func (r *Retrieval) WriteBEIR(dir, split string) error {
	if err := writeTexts(filepath.Join(dir, "corpus.jsonl"), r.DocIDs, r.Docs, r.DocLangs); err != nil {
		return err
	}
	if err := writeTexts(filepath.Join(dir, "queries.jsonl"), r.QueryIDs, r.Queries, r.QueryLangs); err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, "qrels", split+".tsv"), func(w io.Writer) error {
		if _, err := io.WriteString(w, "query-id\tcorpus-id\tscore\n"); err != nil {
			return err
		}
		for _, q := range r.QueryIDs {
			for _, d := range slices.Sorted(maps.Keys(r.Relevant[q])) {
				if _, err := fmt.Fprintf(w, "%s\t%s\t1\n", q, d); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func writeTexts(path string, ids, texts, langs []string) error {
	return writeLines(path, len(ids), func(i int) any {
		line := struct {
			ID    string  `json:"_id"`
			Title *string `json:"title,omitempty"`
			Text  string  `json:"text"`
			Lang  string  `json:"lang,omitempty"`
		}{ID: ids[i], Text: texts[i]}
		if filepath.Base(path) == "corpus.jsonl" {
			line.Title = new(string)
		}
		if langs != nil {
			line.Lang = langs[i]
		}
		return line
	})
}

// WritePairs writes pairs as JSONL, a line each.
func WritePairs(path string, pairs []TextPair) error {
	return writeLines(path, len(pairs), func(i int) any { return pairs[i] })
}

func writeLines(path string, n int, line func(i int) any) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		for i := range n {
			if err := e.Encode(line(i)); err != nil {
				return err
			}
		}
		return nil
	})
}
