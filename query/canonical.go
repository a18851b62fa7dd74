// Writing: the canonical form, which is the text a model is trained to write (the reference's prepare_training_data).

package query

import (
	"fmt"
	"strings"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// canonical is how every query is written: two spaces a level, ": " after keys, [] and {} on one line, non-ASCII text as it is.
var canonical = pyjson.Options{Indent: 2}

// Canonical writes the query with every key, nulls included, in the format's order, indented by two spaces and without a final line end.
func (q *Query) Canonical() []byte {
	out, err := pyjson.Marshal(q.object(), canonical)
	if err != nil {
		panic(err) // object builds nothing that cannot be written
	}
	return out
}

// MarshalJSON writes the canonical form without its line breaks.
func (q *Query) MarshalJSON() ([]byte, error) { return q.object().MarshalJSON() }

func (q *Query) object() *pyjson.Object {
	organisations := make([]any, len(q.Organisations))
	for i, o := range q.Organisations {
		organisations[i] = pyjson.NewObject("type", nullable(o.Type), "name", nullable(o.Name),
			"location", nullable(o.Location), "location_level", nullable(o.LocationLevel))
	}
	return pyjson.NewObject(
		"doc_type", q.DocType,
		"filters", pyjson.NewObject(
			"programme", nullable(q.Filters.Programme),
			"funding_level", nullable(q.Filters.FundingLevel),
			"year", q.Filters.Year.value(),
			"location", nullable(q.Filters.Location),
			"location_level", nullable(q.Filters.LocationLevel)),
		"organisations", organisations,
		"semantic_query", nullable(q.SemanticQuery),
		"query_rewrite", q.QueryRewrite,
		"meta", pyjson.NewObject("lang", q.Meta.Lang, "original_query", q.Meta.OriginalQuery, "notes", nullable(q.Meta.Notes)))
}

func (y *Year) value() any {
	switch {
	case y == nil:
		return nil
	case y.Integer:
		return pyjson.Int(y.Text)
	}
	return y.Text
}

func nullable(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

// Target is the text a model is trained to write for a record of a data file: the record's own values in the format's order, indented by two
// spaces. filters and organisations are copied whole, with unknown keys, order and kinds of number; other unknown keys are dropped, and so is
// meta.id. Absent notes become null. The error lists the keys that the record lacks.
func Target(record *pyjson.Object) ([]byte, error) {
	meta, isObject := record.Value("meta").(*pyjson.Object)
	var missing []string
	target := pyjson.NewObject()
	for _, key := range []string{"doc_type", "filters", "organisations", "semantic_query", "query_rewrite"} {
		v, ok := record.Get(key)
		if !ok {
			missing = append(missing, key)
		}
		target.Set(key, v)
	}
	kept := pyjson.NewObject()
	if !isObject {
		missing = append(missing, "meta")
	} else {
		for _, key := range []string{"lang", "original_query"} {
			v, ok := meta.Get(key)
			if !ok {
				missing = append(missing, "meta."+key)
			}
			kept.Set(key, v)
		}
		kept.Set("notes", meta.Value("notes"))
	}
	if missing != nil {
		return nil, fmt.Errorf("the record lacks %s: a training example needs them", strings.Join(missing, ", "))
	}
	target.Set("meta", kept)
	return pyjson.Marshal(target, canonical)
}
