package synth

// The equivalence files of the evaluation: names that count as the same. They
// are made from the tables alone (languages and acronyms of one organisation,
// of one programme, of one place, of one topic), never from model outputs.

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Equivalences is the content of one equivalence file.
type Equivalences struct {
	Sets [][]string `json:"equivalence_sets"`
}

// AllEquivalences makes the five files, by file name.
func AllEquivalences() (map[string]Equivalences, error) {
	t, err := readTables()
	if err != nil {
		return nil, err
	}
	tested, err := readTSV("test_organisations.tsv")
	if err != nil {
		return nil, err
	}
	var organisations, programmes, places, topics [][]string
	for _, s := range []split{trainSplit, devSplit} {
		for _, o := range t.organisations[s] {
			organisations = append(organisations, append(o.name.all(), o.acronym))
		}
		for _, topic := range t.topics[s] {
			topics = append(topics, topic.all())
		}
	}
	for _, row := range tested {
		organisations = append(organisations, append(trilingual(row).all(), row["acronym"]))
	}
	for _, p := range t.programmes {
		set := []string{p.name}
		for _, lang := range Languages {
			for _, form := range p.spoken[lang] {
				_, bare := splitArticle(lang, form)
				set = append(set, bare)
			}
		}
		programmes = append(programmes, set)
	}
	for _, p := range t.places {
		var set []string
		for _, lang := range Languages {
			set = append(set, locate(lang, p).name)
		}
		places = append(places, set)
	}
	return map[string]Equivalences{
		"org_equivalences.json":       {distinct(organisations)},
		"programme_equivalences.json": {distinct(programmes)},
		"location_equivalences.json":  {distinct(places)},
		"semantic_equivalences.json":  {distinct(topics)},
		"org_type_equivalences.json": {[][]string{
			{"university", "universitat", "universidad"},
			{"company", "empresa"},
			{"research_center", "research centre", "centre de recerca", "centro de investigación"},
			{"hospital", "hospital universitari", "hospital universitario"},
			{"ngo", "non-governmental organisation", "organització no governamental", "organización no gubernamental"},
			{"public_entity", "public body", "entitat pública", "entidad pública"},
		}},
	}, nil
}

func (w words) all() []string {
	var list []string
	for _, lang := range Languages {
		list = append(list, w[lang])
	}
	return list
}

// distinct drops what would make scores depend on the order of sets: terms that
// an earlier set has (an acronym of two organisations), sets of one term, and
// sets with several shortest terms, between which the reference chooses by chance.
func distinct(sets [][]string) [][]string {
	used := map[string]bool{}
	var kept [][]string
	for _, set := range sets {
		var terms []string
		for _, term := range set {
			key := strings.ToLower(term)
			if term == "" || used[key] {
				continue
			}
			used[key] = true
			terms = append(terms, term)
		}
		if len(terms) > 1 && oneShortest(terms) {
			kept = append(kept, terms)
		}
	}
	return kept
}

func oneShortest(terms []string) bool {
	lengths := make([]int, len(terms))
	for i, term := range terms {
		lengths[i] = utf8.RuneCountInString(term)
	}
	slices.Sort(lengths)
	return lengths[0] < lengths[1]
}
