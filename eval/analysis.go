// The reference's error analysis as text (reference: write_error_analysis).

package eval

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// analysed is what the analysis says of a query: of one just scored, or of one read back from a detailed file.
type analysed struct {
	id, question any
	lang         any // expected
	guessed      any // predicted language
	errors       []string
	leaked       []string // keys of gold filters
	predicted    *pyjson.Object
	gold         *pyjson.Object
}

func (r *Report) analysed() []analysed {
	out := make([]analysed, len(r.Results))
	for i := range r.Results {
		q := &r.Results[i]
		g := Gold{Record: q.Gold}
		out[i] = analysed{
			id: g.meta("id"), question: g.meta("original_query"), lang: g.meta("lang"),
			errors: q.Errors, leaked: q.LeakedFilters, predicted: q.Predicted, gold: q.Gold,
		}
		if q.PredictedLanguage != "" {
			out[i].guessed = q.PredictedLanguage
		}
	}
	return out
}

// writeAnalysis writes the text; language says whether the category language_mismatch is in use.
func writeAnalysis(w io.Writer, queries []analysed, language bool) error {
	double, single := strings.Repeat("=", 80), strings.Repeat("-", 80)
	out := bufio.NewWriter(w)
	line := func(parts ...any) {
		for _, p := range parts {
			out.WriteString(pyjson.EscapeSurrogates(pyjson.Text(p)))
		}
		out.WriteByte('\n')
	}
	cases := func(category string) (found []*analysed) {
		for i := range queries {
			for _, c := range queries[i].errors {
				if c == category {
					found = append(found, &queries[i])
					break
				}
			}
		}
		return found
	}
	head := func(q *analysed) {
		line()
		line("Test: ", q.id)
		line("Query: ", q.question)
	}

	line(double)
	line("IMPULSE LLM VALIDATION - DETAILED ERROR ANALYSIS")
	line(double)
	line()
	if invalid := cases("invalid_json"); len(invalid) > 0 {
		line()
		line()
		line(fmt.Sprintf("[!!!] INVALID JSON (%d cases)", len(invalid)))
		line(double)
		for _, q := range invalid {
			head(q)
			line("Response preview: N/A")
		}
	}
	if mismatched := cases("language_mismatch"); language && len(mismatched) > 0 {
		line()
		line()
		line(fmt.Sprintf("[!] LANGUAGE MISMATCH - Content Correct (%d cases)", len(mismatched)))
		line(double)
		for _, q := range mismatched {
			head(q)
			line("Expected language: ", q.lang)
			line("Predicted language: ", q.guessed)
			line("Semantic query: ", q.predicted.Value("semantic_query"))
			line("Query rewrite: ", q.predicted.Value("query_rewrite"))
		}
	}
	for _, s := range severities {
		line()
		line()
		line(double)
		line(s.title)
		line(double)
		for _, category := range s.categories {
			found := cases(s.name + "." + category)
			if len(found) == 0 {
				continue
			}
			leak := category == "extra_filter_in_semantic"
			total := len(found)
			if leak {
				total = 0
				for _, q := range found {
					total += len(q.leaked)
				}
			}
			line()
			line(fmt.Sprintf("=> %s (%d cases)", categoryTitle(category), total))
			line(single)
			for _, q := range found {
				if !leak {
					head(q)
					predicted, expected := q.values(category)
					line("Predicted: ", predicted)
					line("Expected: ", expected)
					continue
				}
				filters, _ := q.gold.Value("filters").(*pyjson.Object)
				for _, key := range q.leaked {
					head(q)
					line("Filter type: ", key)
					line("Leaked value: ", filters.Value(key))
					line("Semantic: ", q.predicted.Value("semantic_query"))
				}
			}
		}
	}
	return out.Flush()
}

// values are the two sides of what a category is about.
func (q *analysed) values(category string) (predicted, gold any) {
	filter := func(key string) (any, any) {
		p, _ := q.predicted.Value("filters").(*pyjson.Object)
		g, _ := q.gold.Value("filters").(*pyjson.Object)
		return p.Value(key), g.Value(key)
	}
	switch category {
	case "wrong_programme":
		return filter("programme")
	case "wrong_year":
		return filter("year")
	case "wrong_funding_level":
		return filter("funding_level")
	case "wrong_semantic_query":
		return q.predicted.Value("semantic_query"), q.gold.Value("semantic_query")
	}
	return q.predicted.Value("organisations"), q.gold.Value("organisations")
}

// categoryTitle is "Wrong Programme" for "wrong_programme".
func categoryTitle(category string) string {
	words := strings.Split(category, "_")
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}
