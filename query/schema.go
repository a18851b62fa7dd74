// The format as a JSON Schema, and checking against it.

package query

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

//go:embed schema.json
var schemaJSON []byte

// Schema returns the JSON Schema (draft 2020-12) of what the model writes: doc_type, filters, organisations, semantic_query and query_rewrite are
// required, meta is optional, keys of filters and of organisations may be absent but not invented, and levels and kinds come from their lists.
func Schema() []byte { return bytes.Clone(schemaJSON) }

// SchemaError lists everything in which a value departs from the schema.
type SchemaError struct {
	Faults []Fault // by place
}

// Fault is one departure.
type Fault struct {
	Place string // as a path: "filters.year", "organisations[1].type"; empty for the whole
	Msg   string
}

func (e *SchemaError) Error() string {
	texts := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		texts[i] = strings.TrimPrefix(f.Place+": "+f.Msg, ": ")
	}
	return strings.Join(texts, "; ")
}

var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaJSON))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("schema.json")
})

// Validate checks a decoded value against the schema. The error is a [*SchemaError].
func Validate(v any) error {
	schema, err := compiled()
	if err != nil {
		return fmt.Errorf("the built-in query schema: %w", err) // a fault of this package, caught by its tests
	}
	err = schema.Validate(plain(v))
	if err == nil {
		return nil
	}
	faults := &SchemaError{}
	if detail, ok := err.(*jsonschema.ValidationError); ok {
		faults.collect(detail)
	}
	slices.SortStableFunc(faults.Faults, func(a, b Fault) int { return strings.Compare(a.Place, b.Place) })
	return faults
}

var english = message.NewPrinter(language.English)

// collect keeps the leaves of the tree of causes; the alternatives of an anyOf count as one fault.
func (e *SchemaError) collect(v *jsonschema.ValidationError) {
	if _, isAnyOf := v.ErrorKind.(*kind.AnyOf); len(v.Causes) > 0 && !isAnyOf {
		for _, cause := range v.Causes {
			e.collect(cause)
		}
		return
	}
	e.Faults = append(e.Faults, Fault{Place: place(v.InstanceLocation), Msg: faultText(v.ErrorKind)})
}

func faultText(fault jsonschema.ErrorKind) string {
	switch fault := fault.(type) {
	case *kind.AnyOf: // the schema has one, the year
		return `not a year: a year, a range "2018-2020", or a bound such as ">=2020" is needed`
	case *kind.InvalidJsonValue:
		return "NaN and Infinity are not JSON"
	case *kind.Enum:
		words := make([]string, len(fault.Want))
		for i, want := range fault.Want {
			words[i] = "null"
			if s, ok := want.(string); ok {
				words[i] = s
			}
		}
		return "not one of " + strings.Join(words, ", ")
	}
	return fault.LocalizedString(english)
}

func place(path []string) string {
	var b strings.Builder
	for _, step := range path {
		switch {
		case strings.Trim(step, "0123456789") == "":
			b.WriteString("[" + step + "]")
		case b.Len() > 0:
			b.WriteString("." + step)
		default:
			b.WriteString(step)
		}
	}
	return b.String()
}

// maxItems is the schema's limit on organisations, the only list it allows.
const maxItems = 100

// plain turns a decoded value into what the validator knows: maps and numbers of Go. Of a list that is too long only as much is kept as it takes to find it so:
// an output of a hundred megabytes would otherwise have a fault for each of millions of items.
func plain(v any) any {
	switch v := v.(type) {
	case pyjson.Int:
		return jsonNumber(v)
	case []any:
		v = v[:min(len(v), maxItems+1)]
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = plain(item)
		}
		return out
	case *pyjson.Object:
		out := make(map[string]any, v.Len())
		for key, item := range v.All() {
			out[key] = plain(item)
		}
		return out
	}
	return v
}
