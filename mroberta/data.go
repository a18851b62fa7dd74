package mroberta

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/sbert"
)

// Pairs are texts to train on: of each row a query, its passage, and passages that are wrong for it.
type Pairs struct {
	// Columns hold the queries, the passages, and one list for each kind of negative; all of one length.
	Columns [][]string
	// Rows are the rows' numbers in the file, from 1, for errors.
	Rows []int
	// Skipped counts rows without a query or a passage.
	Skipped int
}

// ReadPairs reads the columns that d names; all others, such as an id, are passed over. Rows with an empty query or passage
// are skipped and counted.
func ReadPairs(d TrainData) (*Pairs, error) {
	names := append([]string{d.Query, d.Passage}, d.Negatives...)
	p := &Pairs{Columns: make([][]string, len(names))}
	row := 0
	for r, err := range sbert.Records(d.Path) {
		if err != nil {
			return nil, fmt.Errorf("training data: %w", err)
		}
		row++
		for _, name := range names {
			if _, ok := r[name]; !ok {
				return nil, fmt.Errorf("%s: row %d has no column %q; its columns are %s", d.Path, row, name, columnNames(r))
			}
		}
		if strings.TrimSpace(r[d.Query]) == "" || strings.TrimSpace(r[d.Passage]) == "" {
			p.Skipped++
			continue
		}
		for i, name := range names {
			p.Columns[i] = append(p.Columns[i], r[name])
		}
		p.Rows = append(p.Rows, row)
	}
	if len(p.Rows) == 0 {
		return nil, fmt.Errorf("%s: no row has both a query and a passage (%d rows)", d.Path, row)
	}
	return p, nil
}

func columnNames(r sbert.Record) string {
	var names []string
	for name := range r {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// hash names the texts.
func (p *Pairs) hash() string {
	h := sha256.New()
	for _, c := range p.Columns {
		for _, text := range c {
			fmt.Fprintf(h, "%d ", len(text))
			h.Write([]byte(text))
		}
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// sameAnswers says for each row of a batch and each candidate (the passages, then the negatives, column by column) whether
// the candidate is the text of a right answer: of a passage of this query, other than the row's own place.
func sameAnswers(columns [][][]int32) []bool {
	key := func(ids []int32) string {
		var b bytes.Buffer
		for _, id := range ids {
			b.Write([]byte{byte(id), byte(id >> 8), byte(id >> 16), byte(id >> 24)})
		}
		return b.String()
	}
	rows := len(columns[0])
	right := map[string]map[string]bool{} // of each query's text
	for i, q := range columns[0] {
		k := key(q)
		if right[k] == nil {
			right[k] = map[string]bool{}
		}
		right[k][key(columns[1][i])] = true
	}
	candidates := (len(columns) - 1) * rows
	ignore := make([]bool, rows*candidates)
	for c := range candidates {
		text := key(columns[1+c/rows][c%rows])
		for i, q := range columns[0] {
			ignore[i*candidates+c] = c != i && right[key(q)][text]
		}
	}
	return ignore
}
