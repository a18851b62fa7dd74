// Terms that count as one, and the canonical form of a value (reference: validate, load_equivalences and canonicalise).

package eval

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// Equivalences are the lists of terms that count as one. The zero value has none: every term stands for itself.
type Equivalences struct {
	Semantic   TermList // semantic_query
	OrgNames   TermList // organisations[].name
	OrgTypes   TermList // organisations[].type
	Programmes TermList // filters.programme
	Locations  TermList // filters.location, organisations[].location

	Warnings []string // files that were not there
}

// TermList is a list of sets of terms. Two terms are the same when the first sets that hold them have the same shortest term.
type TermList struct {
	Sets      int               // number of sets
	canonical map[string]string // normal form of a term -> shortest term of the first set that holds it
}

// ReadEquivalences reads semantic_equivalences.json, org_equivalences.json, org_type_equivalences.json, programme_equivalences.json and
// location_equivalences.json from a folder, each {"equivalence_sets": [["term", …], …]}. A missing folder or file is a warning and an empty
// list; any other fault is an error that names the file.
func ReadEquivalences(dir string) (*Equivalences, error) {
	e := &Equivalences{}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		e.Warnings = append(e.Warnings, fmt.Sprintf("%s: no such folder: no terms count as equivalent", dir))
		return e, nil
	}
	for _, f := range []struct {
		name string
		list *TermList
	}{
		{"semantic_equivalences.json", &e.Semantic},
		{"org_equivalences.json", &e.OrgNames},
		{"org_type_equivalences.json", &e.OrgTypes},
		{"programme_equivalences.json", &e.Programmes},
		{"location_equivalences.json", &e.Locations},
	} {
		path := filepath.Join(dir, f.name)
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			e.Warnings = append(e.Warnings, fmt.Sprintf("%s: no such file: its terms do not count as equivalent", path))
			continue
		}
		if err != nil {
			return nil, err
		}
		list, err := parseTermList(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		*f.list = list
	}
	return e, nil
}

func parseTermList(data []byte) (TermList, error) {
	v, err := pyjson.UnmarshalFile(data)
	if err != nil {
		return TermList{}, err
	}
	o, ok := v.(*pyjson.Object)
	if !ok {
		return TermList{}, fmt.Errorf(`an object {"equivalence_sets": [["term", …], …]} is needed, not %s`, pyjson.Kind(v))
	}
	list, ok := o.Value("equivalence_sets").([]any)
	if !ok {
		return TermList{}, fmt.Errorf("equivalence_sets is %s: a list of lists of terms is needed", pyjson.Kind(o.Value("equivalence_sets")))
	}
	sets := make([][]string, len(list))
	for i, item := range list {
		terms, ok := item.([]any)
		if !ok {
			return TermList{}, fmt.Errorf("equivalence_sets[%d] is %s: a list of terms is needed", i, pyjson.Kind(item))
		}
		for j, term := range terms {
			s, ok := term.(string)
			if !ok {
				return TermList{}, fmt.Errorf("equivalence_sets[%d][%d] is %s: a string is needed", i, j, pyjson.Kind(term))
			}
			sets[i] = append(sets[i], s)
		}
	}
	return NewTermList(sets), nil
}

// NewTermList makes a list of sets of terms; their order matters, as a term in two sets belongs to the first. When several terms of a set are the
// shortest, the first in code-point order stands for the set (the reference's choice varies from run to run).
func NewTermList(sets [][]string) TermList {
	l := TermList{Sets: len(sets), canonical: map[string]string{}}
	for _, set := range sets {
		shortest, length := "", -1
		for _, term := range set {
			term = normal(term)
			if n := pyjson.Len(term); length < 0 || n < length || n == length && term < shortest {
				shortest, length = term, n
			}
		}
		for _, term := range set {
			term = normal(term)
			if _, taken := l.canonical[term]; !taken {
				l.canonical[term] = shortest
			}
		}
	}
	return l
}

// normal is the normal form of a string: lower case, trimmed. Accents and inner spaces stay.
func normal(s string) string { return pyjson.Trim(pyjson.Lower(s)) }

// term is the canonical form of a string.
func (l *TermList) term(s string) string {
	n := normal(s)
	if c, ok := l.canonical[n]; ok {
		return c
	}
	return n
}

// canon is the canonical form of any value: nil for what is null or falsy, an object as it is, the canonical term for a string. Anything else,
// on which the reference stops, is an error.
func (l *TermList) canon(v any) (any, error) {
	if o, ok := v.(*pyjson.Object); ok {
		return o, nil
	}
	if !pyjson.Truthy(v) {
		return nil, nil
	}
	if s, ok := v.(string); ok {
		return l.term(s), nil
	}
	return nil, fmt.Errorf("%s cannot be compared", pyjson.Kind(v))
}

// same tells whether two values have the same canonical form.
func (l *TermList) same(predicted, gold any) (bool, error) {
	p, err := l.canon(predicted)
	if err != nil {
		return false, fmt.Errorf("%w (predicted)", err)
	}
	g, err := l.canon(gold)
	if err != nil {
		return false, fmt.Errorf("%w (gold)", err)
	}
	return pyjson.Equal(p, g), nil
}
