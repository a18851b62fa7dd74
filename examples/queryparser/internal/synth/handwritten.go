package synth

// The test set: questions written by hand, apart from the phrase books, with
// the meaning of each in columns. Only the gold sentence is made here.

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Test reads the hand-written questions of test_queries.tsv. Its columns:
//
//	lang           CA, ES, EN
//	ask            list, count, yearly, ranking, funding
//	programme      canonical name
//	level          european, national, regional
//	year           as in the schema: 2020, 2018-2020, >=2020, …
//	place          level:name with article
//	organisations  kind=name with article; kind alone; kind@level:place; separated by "; "
//	topic          as the question has it, spelt right
//	question
func Test() ([]Record, error) {
	rows, err := readTSV("test_queries.tsv")
	if err != nil {
		return nil, err
	}
	var records []Record
	for i, row := range rows {
		m, err := written(row)
		if err != nil {
			return nil, fmt.Errorf("test_queries.tsv: %q: %w", row["question"], err)
		}
		records = append(records, m.record(fmt.Sprintf("test_%04d", i+1), row["question"]))
	}
	return records, nil
}

// written reads the meaning of a hand-written question from its columns.
func written(row map[string]string) (meaning, error) {
	lang := Language(row["lang"])
	m := meaning{
		lang: lang, ask: ask(row["ask"]), level: row["level"], topic: row["topic"],
		programme: mention{name: row["programme"]},
	}
	if plainBooks[lang] == nil {
		return m, fmt.Errorf("unknown language %q", lang)
	}
	if plainBooks[lang].frames[m.ask] == nil {
		return m, fmt.Errorf("unknown ask %q", m.ask)
	}
	var err error
	if m.year, err = parsePeriod(row["year"]); err != nil {
		return m, err
	}
	if m.place, err = parsePlace(lang, row["place"]); err != nil {
		return m, err
	}
	for _, text := range strings.Split(row["organisations"], "; ") {
		if text == "" {
			continue
		}
		kind, phrase, named := strings.Cut(text, "=")
		kind, where, _ := strings.Cut(kind, "@")
		p := party{kind: kind}
		if p.place, err = parsePlace(lang, where); err != nil {
			return m, err
		}
		if named {
			_, bare := splitArticle(lang, phrase)
			p.named = mention{bare, phrase}
		}
		m.orgs = append(m.orgs, p)
	}
	return m, nil
}

func parsePlace(lang Language, text string) (locality, error) {
	if text == "" {
		return locality{}, nil
	}
	level, phrase, ok := strings.Cut(text, ":")
	if !ok {
		return locality{}, fmt.Errorf("place %q is not level:name", text)
	}
	_, bare := splitArticle(lang, phrase)
	return locality{level: level, name: bare, phrase: phrase}, nil
}

var periodForm = regexp.MustCompile(`^(>=|<=|>|<|)(\d{4})(?:-(\d{4}))?$`)

func parsePeriod(text string) (period, error) {
	if text == "" {
		return period{}, nil
	}
	parts := periodForm.FindStringSubmatch(text)
	if parts == nil {
		return period{}, fmt.Errorf("year %q is not of the schema", text)
	}
	year, _ := strconv.Atoi(parts[2])
	end, _ := strconv.Atoi(parts[3])
	switch {
	case end != 0:
		return period{kind: "between", from: year, to: end}, nil
	case parts[1] == ">=":
		return period{kind: "since", from: year}, nil
	case parts[1] == ">":
		return period{kind: "after", from: year}, nil
	case parts[1] == "<=":
		return period{kind: "until", to: year}, nil
	case parts[1] == "<":
		return period{kind: "before", to: year}, nil
	}
	return period{kind: "in", from: year}, nil
}
