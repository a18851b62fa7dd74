// The reference's comparative report, as text (reference: generate_comparative_report).

package report

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// Comparative writes the reference's comparative report over folders that hold validation_stats_*.json, the last of which in each counts. A model is named after
// its folder's parent. Folders that do not exist or hold no statistics are skipped; with none left the text is "No results found". The text has no
// final line end. The error names a model without queries or without one of the counts that the report shows.
func Comparative(folders []string) (string, error) {
	var models []*model
	for _, folder := range folders {
		m, err := readModel(folder)
		if err != nil {
			return "", err
		}
		if m != nil {
			models = append(models, m)
		}
	}
	if len(models) == 0 {
		return "No results found", nil
	}
	return layOut(models), nil
}

// model is the statistics of one folder, in the present format or in the older one, which has all_correct in place of strict and relaxed.
type model struct {
	name, folder string
	stats        *pyjson.Object
	total        int
	older        bool
}

func readModel(folder string) (*model, error) {
	files, err := filepath.Glob(filepath.Join(escapeGlob(folder), "validation_stats_*.json"))
	if err != nil || len(files) == 0 {
		return nil, err
	}
	path := slices.Max(files)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	v, err := pyjson.UnmarshalFile(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	stats, ok := v.(*pyjson.Object)
	if !ok {
		return nil, fmt.Errorf("%s: an object is needed, not %s", path, pyjson.Kind(v))
	}
	m := &model{stats: stats, total: countOf(stats, "total")}
	m.name, m.folder = nameOf(folder)
	_, present := stats.Get("all_correct_strict")
	m.older = !present
	var missing []string
	if m.total == 0 {
		missing = append(missing, "total is 0 or missing")
	}
	filters, _ := stats.Value("filters").(*pyjson.Object)
	for _, key := range []string{"programme", "year", "location"} {
		if _, ok := filters.Get(key); !ok {
			missing = append(missing, "no filters."+key)
		}
	}
	if missing != nil {
		return nil, fmt.Errorf("%s: %s: the report cannot be made of it", path, strings.Join(missing, ", "))
	}
	return m, nil
}

// escapeGlob lets a folder's name hold the characters of patterns.
func escapeGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(s)
}

// nameOf returns the name of a folder's parent, and the folder without "./", doubled or trailing slashes.
func nameOf(folder string) (parent, clean string) {
	var parts []string
	for _, part := range strings.Split(folder, "/") {
		if part != "" && part != "." {
			parts = append(parts, part)
		}
	}
	clean = strings.Join(parts, "/")
	if strings.HasPrefix(folder, "/") {
		clean = "/" + clean
	} else if clean == "" {
		clean = "."
	}
	if len(parts) > 1 {
		parent = parts[len(parts)-2]
	}
	return parent, clean
}

// countOf reads a count; absent or of another type is 0.
func countOf(o *pyjson.Object, key string) int {
	if n, ok := o.Value(key).(pyjson.Int); ok {
		v, _ := n.Int64()
		return int(v)
	}
	return 0
}

func (m *model) count(key string) int { return countOf(m.stats, key) }

// relaxed and strict are the counts that rank a model; the older format has one for both.
func (m *model) relaxed() int {
	if m.older {
		return m.count("all_correct")
	}
	return m.count("all_correct_relaxed")
}

func (m *model) strict() int {
	if m.older {
		return m.count("all_correct")
	}
	return m.count("all_correct_strict")
}

func (m *model) organisations(kind string) int {
	if _, ok := m.stats.Get("organisations_" + kind); ok {
		return m.count("organisations_" + kind)
	}
	return m.count("organisations")
}

func (m *model) rate(count int) float64 { return float64(count) / float64(m.total) }

func pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-pyjson.Len(s))) }

func firstRunes(s string, n int) string {
	runes := []rune(s)
	return string(runes[:min(n, len(runes))])
}

func pct(a, total int) string {
	if total == 0 {
		return fmt.Sprintf("%5.1f", 0.0)
	}
	return fmt.Sprintf("%5.1f", float64(a)/float64(total)*100)
}

func shareText(a, total int) string { return fmt.Sprintf("%d/%d (%s%%)", a, total, pct(a, total)) }

// padded joins alternating texts and widths; a width of 0 leaves the text as it is.
func padded(cells ...any) string {
	var parts []string
	for i := 0; i < len(cells); i += 2 {
		parts = append(parts, pad(cells[i].(string), cells[i+1].(int)))
	}
	return strings.Join(parts, " ")
}

func layOut(models []*model) string {
	double, single := strings.Repeat("=", 100), strings.Repeat("-", 100)
	var out bytes.Buffer
	line := func(texts ...string) {
		for _, t := range texts {
			out.WriteString(t + "\n")
		}
	}
	byRate := slices.Clone(models)
	slices.SortStableFunc(byRate, func(a, b *model) int {
		switch x, y := a.rate(a.relaxed()), b.rate(b.relaxed()); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	byName := slices.Clone(models)
	slices.SortStableFunc(byName, func(a, b *model) int { return strings.Compare(a.name, b.name) })

	line(double, "COMPARATIVE MODEL EVALUATION - MULTILINGUAL METRICS", double, "")
	line("OVERALL ACCURACY", single, padded("Model", 35, "Valid JSON", 15, "Lang Match", 15, "Strict", 15, "Relaxed", 15), single)
	for _, m := range byRate {
		relaxed := shareText(m.relaxed(), m.total)
		if m.older {
			relaxed = "N/A"
		}
		line(pad(firstRunes(m.name, 33), 35) + " " + shareText(m.count("valid_json"), m.total) + "  " + shareText(m.count("language_correct"), m.total) + "  " +
			pad(shareText(m.strict(), m.total), 14) + " " + relaxed)
	}

	line("", "", "ACCURACY BY LANGUAGE", single)
	for _, lang := range languagesOf(models) {
		line("", lang+":", padded("Model", 35, "Total", 10, "Lang Match", 15, "Strict", 15, "Relaxed", 0), single)
		for _, m := range byName {
			g, ok := m.language(lang)
			if !ok {
				continue
			}
			total, relaxed := countOf(g, "total"), countOf(g, "all_correct")
			if _, present := g.Get("relaxed"); present {
				relaxed = countOf(g, "relaxed")
			}
			line(pad(firstRunes(m.name, 33), 35) + " " + pad(fmt.Sprint(total), 10) + " " + shareText(countOf(g, "language_correct"), total) + "  " +
				shareText(countOf(g, "strict"), total) + "  " + shareText(relaxed, total))
		}
	}

	line("", "", "COMPONENT ACCURACY", single, padded("Model", 30, "Prog", 8, "Year", 8, "Loc", 8, "Orgs(E)", 10, "Orgs(R)", 10, "Semantic", 0), single)
	for _, m := range byName {
		filters, _ := m.stats.Value("filters").(*pyjson.Object)
		text := pad(firstRunes(m.name, 28), 30) + " "
		for _, key := range []string{"programme", "year", "location"} {
			text += pct(countOf(filters, key), m.total) + "%   "
		}
		for _, kind := range []string{"exact", "relaxed"} {
			text += pct(m.organisations(kind), m.total) + "%     "
		}
		line(text + pct(m.count("semantic_query"), m.total) + "%")
	}

	line("", "", "ERROR ANALYSIS", single, padded("Model", 30, "Invalid", 10, "Lang Mis", 10, "Critical", 10, "Moderate", 10, "Minor", 0), single)
	for _, m := range byName {
		if errors, ok := m.stats.Value("error_counts").(*pyjson.Object); ok {
			line(padded(firstRunes(m.name, 28), 30, fmt.Sprint(countOf(errors, "invalid_json")), 10, fmt.Sprint(countOf(errors, "language_mismatch")), 10,
				fmt.Sprint(sumOf(errors, "critical")), 10, fmt.Sprint(sumOf(errors, "moderate")), 10, fmt.Sprint(sumOf(errors, "minor")), 10))
		}
	}

	line("", "", "DETAILED ERROR BREAKDOWN", single)
	for _, m := range byName {
		if errors, ok := m.stats.Value("error_counts").(*pyjson.Object); ok {
			line("", m.name+":")
			line(breakdown(errors)...)
		}
	}

	line("", "", "SUMMARY STATISTICS", single)
	line(best(models, "strict accuracy", (*model).strict, "all_correct_strict"),
		best(models, "relaxed accuracy", (*model).relaxed, "all_correct_relaxed"),
		best(models, "language consistency", func(m *model) int { return m.count("language_correct") }, "language_correct"), "")
	line(average(models, "strict accuracy", (*model).strict), average(models, "relaxed accuracy", (*model).relaxed),
		average(models, "language consistency", func(m *model) int { return m.count("language_correct") }))

	line("", "", "RESULT LOCATIONS", single)
	for _, m := range byName {
		line(m.name + ": " + m.folder)
	}
	line("", double)
	return strings.TrimSuffix(out.String(), "\n")
}

func (m *model) language(lang string) (*pyjson.Object, bool) {
	languages, _ := m.stats.Value("by_language").(*pyjson.Object)
	g, ok := languages.Value(lang).(*pyjson.Object)
	return g, ok
}

func languagesOf(models []*model) (names []string) {
	for _, m := range models {
		languages, _ := m.stats.Value("by_language").(*pyjson.Object)
		for lang := range languages.All() {
			names = append(names, lang)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func sumOf(errors *pyjson.Object, severity string) (sum int) {
	group, _ := errors.Value(severity).(*pyjson.Object)
	for name := range group.All() {
		sum += countOf(group, name)
	}
	return sum
}

// breakdown lists the counts of a model's errors.
func breakdown(errors *pyjson.Object) (lines []string) {
	if n := countOf(errors, "invalid_json"); n > 0 {
		lines = append(lines, fmt.Sprintf("  Invalid JSON: %d", n))
	}
	if n := countOf(errors, "language_mismatch"); n > 0 {
		lines = append(lines, fmt.Sprintf("  Language Mismatch (content correct): %d", n))
	}
	for _, s := range []struct{ key, title string }{{"critical", "Critical"}, {"moderate", "Moderate"}, {"minor", "Minor"}} {
		group, _ := errors.Value(s.key).(*pyjson.Object)
		if group.Len() == 0 {
			continue
		}
		lines = append(lines, "  "+s.title+" errors:")
		var names []string
		for name := range group.All() {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			if n := countOf(group, name); n > 0 {
				lines = append(lines, fmt.Sprintf("    - %s: %d", titleCase(name), n))
			}
		}
	}
	return lines
}

// titleCase is "Wrong Year" for "wrong_year".
func titleCase(name string) string {
	parts := strings.Split(name, "_")
	for i, p := range parts {
		if p != "" {
			parts[i] = strings.ToUpper(p[:1]) + strings.ToLower(p[1:])
		}
	}
	return strings.Join(parts, " ")
}

// best names the model with the largest rate. The older format takes part, but its count is looked up under the present name and is printed as 0.
func best(models []*model, title string, count func(*model) int, key string) string {
	top := models[0]
	for _, m := range models[1:] {
		if m.rate(count(m)) > top.rate(count(top)) {
			top = m
		}
	}
	return fmt.Sprintf("Best %s: %s (%d/%d)", title, top.name, top.count(key), top.total)
}

func average(models []*model, title string, count func(*model) int) string {
	sum := 0.0
	for _, m := range models {
		sum += m.rate(count(m))
	}
	return fmt.Sprintf("Average %s: %.1f%%", title, sum/float64(len(models))*100)
}
