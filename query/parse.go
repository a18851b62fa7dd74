// Reading a query into the struct.

package query

import (
	"encoding/json"
	"fmt"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// Parse reads one query, alone or inside a model's output, and checks it against the schema. Absent keys of filters, organisations and meta read as
// null. The error is one of [Extract] or a [*SchemaError].
func Parse(output string) (*Query, error) {
	o, err := Extract(output)
	if err != nil {
		return nil, err
	}
	if err := Validate(o); err != nil {
		return nil, err
	}
	return fromObject(o), nil
}

// UnmarshalJSON is [Parse] for encoding/json.
func (q *Query) UnmarshalJSON(data []byte) error {
	parsed, err := Parse(string(data))
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	*q = *parsed
	return nil
}

// fromObject reads an object that the schema has found good.
func fromObject(o *pyjson.Object) *Query {
	filters, _ := o.Value("filters").(*pyjson.Object)
	meta, _ := o.Value("meta").(*pyjson.Object)
	q := &Query{
		DocType: text(o, "doc_type"),
		Filters: Filters{
			Programme:     optional(filters, "programme"),
			FundingLevel:  optional(filters, "funding_level"),
			Location:      optional(filters, "location"),
			LocationLevel: optional(filters, "location_level"),
		},
		SemanticQuery: optional(o, "semantic_query"),
		QueryRewrite:  text(o, "query_rewrite"),
		Meta:          Meta{Lang: text(meta, "lang"), OriginalQuery: text(meta, "original_query"), Notes: optional(meta, "notes")},
	}
	switch year := filters.Value("year").(type) {
	case string:
		q.Filters.Year = &Year{Text: year}
	case pyjson.Int:
		q.Filters.Year = &Year{Text: year.String(), Integer: true}
	case float64: // 2020.0 is an integer to JSON Schema
		q.Filters.Year = &Year{Text: fmt.Sprintf("%.0f", year), Integer: true}
	}
	organisations, _ := o.Value("organisations").([]any)
	for _, item := range organisations {
		org, _ := item.(*pyjson.Object)
		q.Organisations = append(q.Organisations, Organisation{
			Type:          optional(org, "type"),
			Name:          optional(org, "name"),
			Location:      optional(org, "location"),
			LocationLevel: optional(org, "location_level"),
		})
	}
	return q
}

func text(o *pyjson.Object, key string) string {
	s, _ := o.Value(key).(string)
	return s
}

func optional(o *pyjson.Object, key string) *string {
	if s, ok := o.Value(key).(string); ok {
		return &s
	}
	return nil
}

// jsonNumber is the validator's form of an integer.
func jsonNumber(n pyjson.Int) json.Number { return json.Number(n.String()) }
