// Package synth makes the data of the query-parser example: training and
// development queries from phrase books and tables, the test set from a table
// of hand-written questions, and the equivalence files for scoring. Everything
// follows from a seed; nothing is read but the embedded tables.
package synth

import (
	"bytes"
	"encoding/json"
)

// Record is one query with its gold answer, in the format of the reference's
// batch and test files.
type Record struct {
	DocType       string         `json:"doc_type"`
	Filters       Filters        `json:"filters"`
	Organisations []Organisation `json:"organisations"`
	SemanticQuery *string        `json:"semantic_query"`
	QueryRewrite  string         `json:"query_rewrite"`
	Meta          Meta           `json:"meta"`
}

// Filters are the structured constraints of a query; nil means not asked for.
type Filters struct {
	Programme     *string `json:"programme"`
	FundingLevel  *string `json:"funding_level"` // european, national, regional
	Year          *string `json:"year"`          // 2020, 2018-2020, >=2020, <=2020, >2020, <2020
	Location      *string `json:"location"`
	LocationLevel *string `json:"location_level"` // city, province, region, country, other
}

// Organisation is one organisation, or one kind of organisation, asked for.
type Organisation struct {
	Type          *string `json:"type"`
	Name          *string `json:"name"`
	Location      *string `json:"location"`
	LocationLevel *string `json:"location_level"`
}

// Meta is what the data files keep beside the answer. The model learns to
// write Lang, OriginalQuery and Notes; the rest is dropped in preparation.
type Meta struct {
	ID            string  `json:"id"`
	Lang          string  `json:"lang"`
	OriginalQuery string  `json:"original_query"`
	Notes         *string `json:"notes"`
	Intent        string  `json:"intent"`        // Discover, Quantify
	Resolvability string  `json:"resolvability"` // Direct, Partial
}

// EncodeRecords writes records as the data files hold them: a JSON list,
// indented by one space, non-ASCII characters as they are.
func EncodeRecords(records []Record) ([]byte, error) {
	return encode(records)
}

func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// optional is nil for the empty string, which stands for "not said".
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
