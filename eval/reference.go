// The reference's own files: names, order and bytes (reference: validate, save_results).

package eval

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/ajolote-ai/ajolote/internal/atomicfile"
	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// referenceJSON is how the reference writes its JSON files.
var referenceJSON = pyjson.Options{Indent: 2}

// WriteReferenceFiles writes validation_detailed_*.json, validation_table_*.tsv, error_analysis_*.txt and validation_stats_*.json into a folder, which
// is made if missing, with the time in their names. They are the bytes that the reference writes, elapsed_time apart. A query that it could not have
// scored has one more key in the detailed file, evaluation_error. It returns the paths in the order of writing.
func (r *Report) WriteReferenceFiles(dir string, now time.Time) ([]string, error) {
	stamp := now.Format("20060102_150405")
	var paths []string
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"validation_detailed_" + stamp + ".json", r.writeDetailed},
		{"validation_table_" + stamp + ".tsv", r.writeTable},
		{"error_analysis_" + stamp + ".txt", func(w io.Writer) error { return writeAnalysis(w, r.analysed(), !r.BaseModel) }},
		{"validation_stats_" + stamp + ".json", func(w io.Writer) error { return writeValue(w, r.Statistics) }},
	} {
		path := filepath.Join(dir, f.name)
		if err := atomicfile.Write(path, f.write); err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func writeValue(w io.Writer, v any) error {
	out, err := pyjson.Marshal(v, referenceJSON)
	if err != nil {
		return err
	}
	_, err = w.Write(out)
	return err
}

// writeDetailed writes the list of queries one by one, so that a large one is never in memory as text.
func (r *Report) writeDetailed(w io.Writer) error {
	if len(r.Results) == 0 {
		return writeValue(w, []any{})
	}
	for i := range r.Results {
		item, err := pyjson.Marshal([]any{r.Results[i].detail()}, referenceJSON)
		if err != nil {
			return err
		}
		text := strings.TrimSuffix(strings.TrimPrefix(string(item), "["), "\n]")
		separator := ","
		if i == 0 {
			separator = "["
		}
		if _, err := io.WriteString(w, separator+text); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "\n]")
	return err
}

// detail is the entry of a query in the detailed file.
func (r *Result) detail() *pyjson.Object {
	g := Gold{Record: r.Gold}
	var predicted any
	if r.PredictedLanguage != "" {
		predicted = r.PredictedLanguage
	}
	validation := pyjson.NewObject(
		"test_id", g.meta("id"),
		"valid_json", r.ValidJSON,
		"language_correct", r.LanguageCorrect,
		"predicted_language", predicted,
		"expected_language", g.meta("lang"),
		"filters", pyjson.NewObject(
			"programme", r.Filters.Programme,
			"funding_level", r.Filters.FundingLevel,
			"year", r.Filters.Year,
			"location", r.Filters.Location,
			"location_level", r.Filters.LocationLevel),
		"organisations_exact", r.OrganisationsExact,
		"organisations_relaxed", r.OrganisationsLoose,
		"semantic_query", r.Semantic,
		"all_correct_strict", r.AllCorrectStrict,
		"all_correct_relaxed", r.AllCorrectRelaxed)
	if r.EvalError != "" {
		validation.Set("evaluation_error", r.EvalError)
	}
	return pyjson.NewObject("test_id", g.meta("id"), "query", g.meta("original_query"),
		"validation", validation, "predicted", r.Predicted, "gold", r.Gold)
}

// writeTable writes the table; its lines end in CR LF, as Python's csv module ends them.
func (r *Report) writeTable(w io.Writer) error {
	var b strings.Builder
	b.WriteString("test_id\tvalid_json\tlanguage_correct\tprogramme\tfunding_level\tyear\tlocation\tlocation_level\t" +
		"orgs_exact\torgs_relaxed\tsemantic_query\tall_correct_strict\tall_correct_relaxed\r\n")
	for i := range r.Results {
		q := &r.Results[i]
		b.WriteString(tableText(pyjson.EscapeSurrogates(q.ID)))
		for _, flag := range []bool{
			q.ValidJSON, q.LanguageCorrect, q.Filters.Programme, q.Filters.FundingLevel, q.Filters.Year, q.Filters.Location, q.Filters.LocationLevel,
			q.OrganisationsExact, q.OrganisationsLoose, q.Semantic, q.AllCorrectStrict, q.AllCorrectRelaxed,
		} {
			if flag {
				b.WriteString("\t1")
			} else {
				b.WriteString("\t0")
			}
		}
		b.WriteString("\r\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func tableText(s string) string {
	if strings.ContainsAny(s, "\t\"\r\n") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

// referenceStatistics is the contents of validation_stats_*.json.
func (r *Report) referenceStatistics() *pyjson.Object {
	count := func(entries []Entry, name string) int { return find(entries, name).Count }
	all := func(name string) int { return count(r.Metrics, name) }
	languages := &pyjson.Object{}
	for _, g := range r.ByLanguage {
		languages.Set(g.Name, pyjson.NewObject(
			"total", g.Total,
			"valid_json", count(g.Metrics, "valid_json"),
			"language_correct", count(g.Metrics, "language_correct"),
			"strict", count(g.Metrics, "all_correct_strict"),
			"relaxed", count(g.Metrics, "all_correct_relaxed")))
	}
	return pyjson.NewObject(
		"total", r.Total,
		"valid_json", all("valid_json"),
		"language_correct", all("language_correct"),
		"all_correct_strict", all("all_correct_strict"),
		"all_correct_relaxed", all("all_correct_relaxed"),
		"filters", pyjson.NewObject(
			"programme", all("programme"),
			"funding_level", all("funding_level"),
			"year", all("year"),
			"location", all("location"),
			"location_level", all("location_level")),
		"organisations_exact", all("organisations_exact"),
		"organisations_relaxed", all("organisations_relaxed"),
		"semantic_query", all("semantic_query"),
		"by_language", languages,
		"elapsed_time", r.Seconds,
		"error_counts", countErrors(r.analysed(), !r.BaseModel))
}

// countErrors counts the categories. Within a severity those that occurred come first, in order of first occurrence.
func countErrors(queries []analysed, language bool) *pyjson.Object {
	found := map[string]int{}
	var order []string
	for i := range queries {
		for _, category := range queries[i].errors {
			if found[category] == 0 {
				order = append(order, category)
			}
			found[category]++
		}
	}
	counts := pyjson.NewObject("invalid_json", found["invalid_json"])
	if language {
		counts.Set("language_mismatch", found["language_mismatch"])
	}
	for _, s := range severities {
		group := &pyjson.Object{}
		for _, category := range order {
			if name, ok := strings.CutPrefix(category, s.name+"."); ok {
				group.Set(name, found[category])
			}
		}
		for _, name := range s.categories {
			group.Set(name, found[fmt.Sprintf("%s.%s", s.name, name)])
		}
		counts.Set(s.name, group)
	}
	return counts
}
