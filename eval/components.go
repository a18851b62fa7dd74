// Comparing filters and organisations (reference: compare_filters, compare_organisations).

package eval

import (
	"fmt"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// FilterFlags tells which filters are right.
type FilterFlags struct {
	Programme     bool `json:"programme"`
	FundingLevel  bool `json:"funding_level"`
	Year          bool `json:"year"`
	Location      bool `json:"location"`
	LocationLevel bool `json:"location_level"`
}

func (f FilterFlags) all() bool {
	return f.Programme && f.FundingLevel && f.Year && f.Location && f.LocationLevel
}

// compareFilters compares the five filters. Levels are compared as they stand, case included; years by their text, so that 2020 equals "2020" but not 2020.0.
// What cannot be compared is false, and told in the errors.
func (e *Equivalences) compareFilters(predicted, gold any) (flags FilterFlags, errs []error) {
	p, ok := predicted.(*pyjson.Object)
	if !ok {
		return flags, []error{fmt.Errorf("filters: %s cannot be compared (predicted)", pyjson.Kind(predicted))}
	}
	g, ok := gold.(*pyjson.Object)
	if !ok {
		return flags, []error{fmt.Errorf("filters: %s cannot be compared (gold)", pyjson.Kind(gold))}
	}
	same := func(key string, list *TermList, read func(any) any) bool {
		equal, err := list.same(read(p.Value(key)), read(g.Value(key)))
		if err != nil {
			errs = append(errs, fmt.Errorf("filters.%s: %w", key, err))
		}
		return equal
	}
	flags.Programme = same("programme", &e.Programmes, asIs)
	flags.FundingLevel = pyjson.Equal(p.Value("funding_level"), g.Value("funding_level"))
	flags.Year = pyjson.Text(p.Value("year")) == pyjson.Text(g.Value("year"))
	flags.Location = same("location", &e.Locations, placeName)
	flags.LocationLevel = pyjson.Equal(p.Value("location_level"), g.Value("location_level"))
	return flags, errs
}

func asIs(v any) any { return v }

// placeName reads a location given as an object {"value": …} or {"name": …}, an older form; without either it is the object's text.
func placeName(v any) any {
	o, ok := v.(*pyjson.Object)
	if !ok {
		return v
	}
	for _, key := range []string{"value", "name"} {
		if name := o.Value(key); pyjson.Truthy(name) {
			return name
		}
	}
	return pyjson.Text(o)
}

// compareOrganisations compares entry by entry, in order. exact: type, name, location and level agree everywhere; relaxed: the names do.
func (e *Equivalences) compareOrganisations(predicted, gold any) (exact, relaxed bool, err error) {
	pn, err := length(predicted)
	if err != nil {
		return false, false, fmt.Errorf("organisations: %w (predicted)", err)
	}
	gn, err := length(gold)
	if err != nil {
		return false, false, fmt.Errorf("organisations: %w (gold)", err)
	}
	if pn != gn {
		return false, false, nil
	}
	exact, relaxed = true, true
	for i := range pn {
		p, err := entry(predicted, i)
		if err != nil {
			return false, false, fmt.Errorf("organisations[%d]: %w (predicted)", i, err)
		}
		g, err := entry(gold, i)
		if err != nil {
			return false, false, fmt.Errorf("organisations[%d]: %w (gold)", i, err)
		}
		for _, field := range []struct {
			key  string
			list *TermList
		}{{"type", &e.OrgTypes}, {"name", &e.OrgNames}, {"location", &e.Locations}} {
			same, err := field.list.same(p.Value(field.key), g.Value(field.key))
			if err != nil {
				return false, false, fmt.Errorf("organisations[%d].%s: %w", i, field.key, err)
			}
			exact = exact && same
			if field.key == "name" {
				relaxed = relaxed && same
			}
		}
		exact = exact && pyjson.Equal(p.Value("location_level"), g.Value("location_level"))
	}
	return exact, relaxed, nil
}

// length is Python's len: of lists, objects and strings.
func length(v any) (int, error) {
	switch v := v.(type) {
	case []any:
		return len(v), nil
	case *pyjson.Object:
		return v.Len(), nil
	case string:
		return pyjson.Len(v), nil
	}
	return 0, fmt.Errorf("%s cannot be compared", pyjson.Kind(v))
}

func entry(list any, i int) (*pyjson.Object, error) {
	items, ok := list.([]any)
	if !ok { // an object or string that is as long as the other list
		return nil, fmt.Errorf("%s has no entries to compare", pyjson.Kind(list))
	}
	o, ok := items[i].(*pyjson.Object)
	if !ok {
		return nil, fmt.Errorf("%s cannot be compared", pyjson.Kind(items[i]))
	}
	return o, nil
}
