package mroberta

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/ajolote-ai/ajolote/sbert"
)

// Pairs are texts to train on: of each row a query, its passage, and passages that are wrong for it.
type Pairs struct {
	// Columns hold the queries, the passages, and one list for each kind of negative; all of one length. For texts with labels
	// there is one column.
	Columns [][]string
	// Scores are how alike query and passage are, for the losses over similarities; nil without.
	Scores []float32
	// Labels of the texts, for the losses over labels; nil without.
	Labels []string
	// Rows are the rows' numbers in the file, from 1, for errors.
	Rows []int
	// Skipped counts rows without a query or a passage.
	Skipped int
}

// ReadPairs reads the columns that d names, or the positive judgements of a BEIR folder; all other columns, such as an id, are
// passed over. Rows with an empty query or passage are skipped and counted. An empty d.Passage reads the queries alone.
func ReadPairs(d TrainData) (*Pairs, error) {
	if info, err := os.Stat(d.Path); err != nil {
		return nil, fmt.Errorf("training data: %w", err)
	} else if info.IsDir() {
		return readBEIRPairs(d)
	}
	names := []string{d.Query}
	if d.Passage != "" {
		names = append(append(names, d.Passage), d.Negatives...)
	}
	p := &Pairs{Columns: make([][]string, len(names))}
	row := 0
	for r, err := range sbert.Records(d.Path) {
		if err != nil {
			return nil, fmt.Errorf("training data: %w", err)
		}
		row++
		if err := p.add(d, names, r, row); err != nil {
			return nil, fmt.Errorf("%s: row %d %w", d.Path, row, err)
		}
	}
	if len(p.Rows) == 0 {
		return nil, fmt.Errorf("%s: no row has all of the columns %s filled (%d rows)", d.Path, strings.Join(names, ", "), row)
	}
	return p, nil
}

func (p *Pairs) add(d TrainData, names []string, r sbert.Record, row int) error {
	for _, name := range names {
		if _, ok := r[name]; !ok {
			return fmt.Errorf("has no column %q; its columns are %s", name, columnNames(r))
		}
	}
	if strings.TrimSpace(r[d.Query]) == "" || len(names) > 1 && strings.TrimSpace(r[d.Passage]) == "" {
		p.Skipped++
		return nil
	}
	if d.Score != "" {
		score, err := strconv.ParseFloat(r[d.Score], 32)
		if err != nil || math.IsNaN(score) || math.IsInf(score, 0) {
			return fmt.Errorf("has %q in the column %s: a number is needed", r[d.Score], d.Score)
		}
		p.Scores = append(p.Scores, float32(score))
	}
	if d.Label != "" {
		label, ok := r[d.Label]
		if !ok || label == "" {
			return fmt.Errorf("has no label in the column %q; its columns are %s", d.Label, columnNames(r))
		}
		p.Labels = append(p.Labels, label)
	}
	for i, name := range names {
		p.Columns[i] = append(p.Columns[i], r[name])
	}
	p.Rows = append(p.Rows, row)
	return nil
}

// readBEIRPairs makes a pair of every positive judgement, in the order of the file.
func readBEIRPairs(d TrainData) (*Pairs, error) {
	if len(d.Negatives) > 0 || d.Score != "" || d.Label != "" {
		return nil, fmt.Errorf("%s is a BEIR folder: it has queries and passages, and no columns of negatives, scores or labels", d.Path)
	}
	r, err := ReadBEIR(d.Path, d.Split)
	if err != nil {
		return nil, err
	}
	docs := make(map[string]string, len(r.DocIDs))
	for i, id := range r.DocIDs {
		docs[id] = r.Docs[i]
	}
	p := &Pairs{Columns: make([][]string, 2)}
	for i, id := range r.QueryIDs {
		for _, doc := range slices.Sorted(maps.Keys(r.Relevant[id])) {
			p.Rows = append(p.Rows, len(p.Rows)+1)
			p.Columns[0], p.Columns[1] = append(p.Columns[0], r.Queries[i]), append(p.Columns[1], docs[doc])
		}
	}
	return p, nil
}

// classes numbers the labels in their order, from 0.
func (p *Pairs) classes() []int {
	names := slices.Compact(slices.Sorted(slices.Values(p.Labels)))
	classes := make([]int, len(p.Labels))
	for i, label := range p.Labels {
		classes[i], _ = slices.BinarySearch(names, label)
	}
	return classes
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
	fmt.Fprintln(h, p.Scores, p.Labels)
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
	queries := make([]string, rows)
	right := map[string]map[string]bool{} // of each query's text
	for i, q := range columns[0] {
		queries[i] = key(q)
		if right[queries[i]] == nil {
			right[queries[i]] = map[string]bool{}
		}
		right[queries[i]][key(columns[1][i])] = true
	}
	candidates := (len(columns) - 1) * rows
	ignore := make([]bool, rows*candidates)
	for c := range candidates {
		text := key(columns[1+c/rows][c%rows])
		for i, q := range queries {
			ignore[i*candidates+c] = c != i && right[q][text]
		}
	}
	return ignore
}
