// The reference's error categories (reference: analyse_errors).

package eval

import (
	"strings"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// severities are the groups of categories, each in the order in which the reference shows them.
var severities = []struct {
	name, title string
	categories  []string
}{
	{"critical", "[!!!] CRITICAL ERRORS (High Impact)", []string{"wrong_programme", "wrong_organisations"}},
	{"moderate", "[!!] MODERATE ERRORS (Content Issues)", []string{"extra_filter_in_semantic", "wrong_year", "wrong_semantic_query"}},
	{"minor", "[!] MINOR ERRORS (Low Impact)", []string{"org_type_mismatch", "wrong_funding_level"}},
}

// judged are the flags that the categories go by.
type judged struct {
	programme, fundingLevel, year, organisationsExact, organisationsLoose, semantic, language, relaxed bool
}

func (r *Result) judged() judged {
	return judged{r.Filters.Programme, r.Filters.FundingLevel, r.Filters.Year, r.OrganisationsExact, r.OrganisationsLoose, r.Semantic,
		r.LanguageCorrect, r.AllCorrectRelaxed}
}

// categorise returns the categories that a query falls into, and the gold filters that leak into its topic, each of which is one item of the category
// extra_filter_in_semantic. A filter or topic that the model invented is in no category, nor is a wrong location.
func (e *Equivalences) categorise(is judged, predicted, gold *pyjson.Object) (categories, leaked []string) {
	filters, _ := gold.Value("filters").(*pyjson.Object)
	note := func(category string, holds bool) {
		if holds {
			categories = append(categories, category)
		}
	}
	note("language_mismatch", is.relaxed && !is.language)
	note("critical.wrong_programme", !is.programme && pyjson.Truthy(filters.Value("programme")))
	note("critical.wrong_organisations", !is.organisationsLoose && pyjson.Truthy(gold.Value("organisations")))
	note("moderate.wrong_year", !is.year && pyjson.Truthy(filters.Value("year")))
	note("moderate.wrong_semantic_query", !is.semantic && pyjson.Truthy(gold.Value("semantic_query")))
	leaked = e.leaks(filters, predicted.Value("semantic_query"))
	for range leaked {
		note("moderate.extra_filter_in_semantic", true)
	}
	note("minor.org_type_mismatch", is.organisationsLoose && !is.organisationsExact)
	note("minor.wrong_funding_level", !is.fundingLevel && pyjson.Truthy(filters.Value("funding_level")))
	return categories, leaked
}

// leaks returns the keys of the gold filters whose value, or the shortest equivalent of it, occurs in the predicted topic: as a substring, so
// that "erc" leaks in "recerca". Locations have their own list, every other key goes by the list of programmes.
func (e *Equivalences) leaks(filters *pyjson.Object, topic any) (keys []string) {
	text, ok := topic.(string)
	if !ok || text == "" {
		return nil
	}
	text = normal(text)
	for key, v := range filters.All() {
		if !pyjson.Truthy(v) {
			continue
		}
		list := &e.Programmes
		if key == "location" {
			list = &e.Locations
		}
		value := pyjson.Text(v)
		canonical := ""
		if value != "" {
			canonical = list.term(value)
		}
		if strings.Contains(text, normal(value)) || canonical != "" && strings.Contains(text, canonical) {
			keys = append(keys, key)
		}
	}
	return keys
}
