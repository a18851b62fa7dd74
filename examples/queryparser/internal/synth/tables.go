package synth

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/ajolote-ai/ajolote/examples/queryparser/data"
)

// words holds one thing in the three languages.
type words map[Language]string

// organisation is a row of organisations.tsv.
type organisation struct {
	kind    string
	name    words // full names; empty where none is in use
	acronym string
}

// place is a row of places.tsv; names carry their article.
type place struct {
	level string
	name  words
}

// programme is a row of programmes.tsv; spoken forms carry their article.
type programme struct {
	name   string
	spoken map[Language][]string
}

// tables is everything that queries are drawn from. The development set has
// topics and organisations of its own.
type tables struct {
	organisations map[split][]organisation
	topics        map[split][]words
	methods, aims []words
	places        []place
	programmes    []programme
	demonyms      map[Language]map[string]map[string]string // language, place, gender ("m", "f"): «francesos»
}

// split names the two generated sets.
type split string

const (
	trainSplit split = "train"
	devSplit   split = "dev"
)

// readTables reads the embedded tables.
func readTables() (*tables, error) {
	t := &tables{organisations: map[split][]organisation{}, topics: map[split][]words{}}
	rows := map[string][]map[string]string{}
	for _, file := range []string{"organisations.tsv", "topics.tsv", "methods.tsv", "aims.tsv", "places.tsv", "programmes.tsv", "demonyms.tsv"} {
		table, err := readTSV(file)
		if err != nil {
			return nil, err
		}
		rows[file] = table
	}
	for _, r := range rows["organisations.tsv"] {
		o := organisation{kind: r["kind"], name: trilingual(r), acronym: r["acronym"]}
		s := splitOf(o)
		t.organisations[s] = append(t.organisations[s], o)
	}
	for _, r := range rows["topics.tsv"] {
		s := split(r["split"])
		t.topics[s] = append(t.topics[s], trilingual(r))
	}
	for _, r := range rows["methods.tsv"] {
		t.methods = append(t.methods, trilingual(r))
	}
	for _, r := range rows["aims.tsv"] {
		t.aims = append(t.aims, trilingual(r))
	}
	for _, r := range rows["places.tsv"] {
		t.places = append(t.places, place{level: r["level"], name: trilingual(r)})
	}
	for _, r := range rows["programmes.tsv"] {
		p := programme{name: r["name"], spoken: map[Language][]string{}}
		for lang, forms := range trilingual(r) {
			p.spoken[lang] = strings.Split(forms, "; ")
		}
		t.programmes = append(t.programmes, p)
	}
	t.demonyms = demonyms(t.places, rows["demonyms.tsv"])
	return t, nil
}

// demonyms keys the adjectives of places by language and the place's bare name.
func demonyms(places []place, rows []map[string]string) map[Language]map[string]map[string]string {
	byEnglish := map[string]map[string]string{}
	for _, r := range rows {
		byEnglish[r["place"]] = r
	}
	out := map[Language]map[string]map[string]string{Catalan: {}, Spanish: {}, English: {}}
	for _, p := range places {
		r, ok := byEnglish[p.name[English]]
		if !ok {
			continue
		}
		out[Catalan][locate(Catalan, p).name] = map[string]string{"m": r["catalan_m"], "f": r["catalan_f"]}
		out[Spanish][locate(Spanish, p).name] = map[string]string{"m": r["spanish_m"], "f": r["spanish_f"]}
		out[English][locate(English, p).name] = map[string]string{"m": r["english"], "f": r["english"]}
	}
	return out
}

// splitOf keeps every ninth organisation, by a hash of its name, for the
// development set.
func splitOf(o organisation) split {
	h := fnv.New32a()
	h.Write([]byte(o.anyName()))
	if h.Sum32()%9 == 0 {
		return devSplit
	}
	return trainSplit
}

// anyName is the organisation's name in the first language that has one.
func (o organisation) anyName() string {
	for _, lang := range Languages {
		if n := o.name[lang]; n != "" {
			return n
		}
	}
	return o.acronym
}

// nameIn is the name that a sentence in the language uses: its own, else that
// of a neighbouring language.
func (o organisation) nameIn(lang Language) string {
	order := map[Language][]Language{
		Catalan: {Catalan, Spanish, English},
		Spanish: {Spanish, Catalan, English},
		English: {English, Catalan, Spanish},
	}
	for _, l := range order[lang] {
		if n := o.name[l]; n != "" {
			return n
		}
	}
	return o.acronym
}

func trilingual(row map[string]string) words {
	return words{Catalan: row["catalan"], Spanish: row["spanish"], English: row["english"]}
}

// readTSV reads an embedded tab-separated file with a header line.
func readTSV(file string) ([]map[string]string, error) {
	f, err := data.Files.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var header []string
	var rows []map[string]string
	scan := bufio.NewScanner(f)
	for line := 1; scan.Scan(); line++ {
		if scan.Text() == "" {
			continue
		}
		fields := strings.Split(scan.Text(), "\t")
		if header == nil {
			header = fields
			continue
		}
		if len(fields) != len(header) {
			return nil, fmt.Errorf("%s:%d: %d columns, the header has %d", file, line, len(fields), len(header))
		}
		row := map[string]string{}
		for i, key := range header {
			row[key] = fields[i]
		}
		rows = append(rows, row)
	}
	return rows, scan.Err()
}
