// The page.

package report

import (
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"sort"
	"strings"

	"github.com/ajolote-ai/ajolote/eval"
)

//go:embed page.tmpl.html page.css
var pageFiles embed.FS

// WriteHTML writes the page: one file, with its style inside and nothing to load.
func (d *Document) WriteHTML(w io.Writer) error {
	css, err := pageFiles.ReadFile("page.css")
	if err != nil {
		return err
	}
	p := page{Title: d.Title, CSS: template.CSS(css), Warnings: d.warnings, Several: len(d.Evals) > 1, Answers: d.answerGroups()}
	if len(d.Evals) > 0 {
		b := d.Evals[0].Bootstrap
		p.Bootstrap, p.Percent = &b, fmt.Sprintf("%g %%", 100*b.Confidence)
		p.Lead = d.lead()
		p.Sections = d.tables()
		p.Groups = d.groupBars()
		p.HasIntents = len(d.Evals[0].ByIntent) > 0
		p.Errors = d.errorTable()
		p.Settings, p.SetNames = d.settings()
	}
	for i, e := range d.Evals {
		p.Runs = append(p.Runs, d.runView(i, e))
		p.Languages = append(p.Languages, confusion(e))
	}
	p.Curves = curveViews(d.Train)
	for i, log := range d.Train {
		p.Train = append(p.Train, trainView{runClass(i), log.Name, log.summary()})
	}
	t, err := template.ParseFS(pageFiles, "page.tmpl.html")
	if err != nil {
		return err
	}
	return t.Execute(w, p)
}

func (d *Document) lead() string {
	n := d.Evals[0].Total
	text := fmt.Sprintf("%d queries", n)
	if len(d.Evals[0].ByLanguage) > 0 {
		var parts []string
		for _, g := range d.Evals[0].ByLanguage {
			parts = append(parts, fmt.Sprintf("%s %d", g.Name, g.Total))
		}
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	if len(d.Evals) > 1 {
		text += fmt.Sprintf(", %d runs, compared with %s", len(d.Evals), d.Evals[0].Name)
	}
	return text
}

func (d *Document) runView(i int, e *eval.Report) runView {
	v := runView{Class: runClass(i), Name: e.Name, Total: e.Total}
	for _, m := range []struct{ name, title string }{
		{"schema_valid", "valid output"}, {"all_correct_strict", "all correct, strict"}, {"all_correct_relaxed", "all correct, relaxed"},
	} {
		s := e.Metric(m.name)
		c := card{Title: m.title, Value: percent(s.Share), Range: interval(s)}
		if t, ok := d.test(i, m.name); ok {
			ch := change(e.Name, t)
			c.Change, c.Verdict = ch.Text, ch.Verdict
		}
		v.Cards = append(v.Cards, c)
	}
	if e.EvalErrors > 0 {
		v.Notes = append(v.Notes, fmt.Sprintf("%d outputs on which the reference programs would have stopped count as wrong.", e.EvalErrors))
	}
	if e.Missing > 0 {
		v.Notes = append(v.Notes, fmt.Sprintf("%d queries without an output count as wrong.", e.Missing))
	}
	if e.BaseModel {
		v.Notes = append(v.Notes, "Scored as a base model: without equivalent terms.")
	}
	return v
}

func (d *Document) tables() []tableView {
	var out []tableView
	for _, s := range sections {
		t := tableView{Title: s.title, Note: s.note}
		for _, m := range s.metrics {
			row := tableRow{Title: m.title, Note: m.note}
			for i, e := range d.Evals {
				row.Cells = append(row.Cells, showShare(i, e.Name, m.title, e.Metric(m.name)))
				if test, ok := d.test(i, m.name); ok {
					row.Changes = append(row.Changes, change(e.Name, test))
				} else if i > 0 {
					row.Changes = append(row.Changes, changeView{Run: e.Name, Text: "–"})
				}
			}
			t.Rows = append(t.Rows, row)
		}
		out = append(out, t)
	}
	return out
}

// groupBars are all shares that differ between groups, by language and by intent.
func (d *Document) groupBars() []barGroup {
	var out []barGroup
	for _, groups := range []func(*eval.Report) []eval.Group{
		func(e *eval.Report) []eval.Group { return e.ByLanguage },
		func(e *eval.Report) []eval.Group { return e.ByIntent },
	} {
		for _, name := range groupNames(d.Evals, groups) {
			g := barGroup{Title: name}
			for _, m := range groupMetrics {
				row := barRow{Title: m.title}
				for i, e := range d.Evals {
					for _, group := range groups(e) {
						if group.Name == name {
							row.Bars = append(row.Bars, showShare(i, e.Name, name+" "+m.title, group.Metric(m.name)))
							g.Note = fmt.Sprintf("%d queries", group.Total)
						}
					}
				}
				g.Rows = append(g.Rows, row)
			}
			out = append(out, g)
		}
	}
	return out
}

var groupMetrics = []namedMetric{
	{"schema_valid", "Valid", ""}, {"all_correct_strict", "Strict", ""}, {"all_correct_relaxed", "Relaxed", ""},
	{"language_correct", "Language", ""}, {"semantic_query", "Topic", ""}, {"organisations_exact", "Orgs, exact", ""},
	{"organisations_relaxed", "Orgs, names", ""}, {"programme", "Programme", ""}, {"funding_level", "Funding", ""},
	{"year", "Year", ""}, {"location", "Location", ""}, {"location_level", "Level", ""},
}

// groupNames are the names of the groups of all reports, in code-point order.
func groupNames(evals []*eval.Report, groups func(*eval.Report) []eval.Group) (names []string) {
	for _, e := range evals {
		for _, g := range groups(e) {
			names = append(names, g.Name)
		}
	}
	sort.Strings(names)
	return slices.Compact(names)
}

func (d *Document) errorTable() *errorTable {
	t := &errorTable{}
	counts := map[string][]int{}
	for i, e := range d.Evals {
		t.Runs = append(t.Runs, e.Name)
		for j := range e.Results {
			for _, name := range e.Results[j].Errors {
				if counts[name] == nil {
					counts[name] = make([]int, len(d.Evals))
				}
				counts[name][i]++
			}
		}
	}
	for _, severity := range []string{"invalid_json", "critical", "moderate", "minor", "language_mismatch"} {
		var rows []errorRow
		for name, c := range counts {
			if group, _, _ := strings.Cut(name, "."); group == severity {
				label := severity
				if name == severity {
					label = "other"
				}
				rows = append(rows, errorRow{label, errorTitle(name), c})
			}
		}
		sort.Slice(rows, func(i, j int) bool { return rows[i].Title < rows[j].Title })
		t.Rows = append(t.Rows, rows...)
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

func confusion(e *eval.Report) confusionView {
	v := confusionView{Run: e.Name}
	counts := map[[2]string]int{}
	var expected []string
	for _, p := range e.Languages {
		guess := p.Guessed
		if guess == "" {
			guess = "none"
		}
		counts[[2]string{p.Expected, guess}] += p.Count
		expected, v.Guesses = append(expected, p.Expected), append(v.Guesses, guess)
	}
	sort.Strings(expected)
	sort.Strings(v.Guesses)
	v.Guesses = slices.Compact(v.Guesses)
	for _, want := range slices.Compact(expected) {
		row := confusionRow{Expected: want}
		for _, guess := range v.Guesses {
			c := confusionCell{Count: counts[[2]string{want, guess}]}
			switch {
			case c.Count == 0:
				c.Class = "zero"
			case want == guess:
				c.Class = "right"
			default:
				c.Class = "wrong"
			}
			row.Cells = append(row.Cells, c)
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func (d *Document) settings() (rows []settingRow, names []string) {
	keys := map[string]bool{}
	for _, e := range d.Evals {
		names = append(names, e.Name)
		for k := range e.Configuration {
			keys[k] = true
		}
	}
	sorted := make([]string, 0, len(keys))
	for k := range keys {
		sorted = append(sorted, k)
	}
	sort.Strings(sorted)
	for _, k := range sorted {
		row := settingRow{Key: k}
		for _, e := range d.Evals {
			row.Values = append(row.Values, e.Configuration[k])
		}
		rows = append(rows, row)
	}
	return rows, names
}

func (l *TrainLog) summary() string {
	losses := l.series(curves[0].value)
	text := fmt.Sprintf("%d steps", l.Steps[len(l.Steps)-1].Step)
	if last := l.Steps[len(l.Steps)-1].Epoch; last != nil {
		text += fmt.Sprintf(", %.3g epochs", *last)
	}
	if len(losses) > 0 {
		lowest := slices.MinFunc(losses, func(a, b point) int { return cmp.Compare(a.y, b.y) })
		text += fmt.Sprintf(", loss %.4g → %.4g (lowest %.4g at step %.0f)", losses[0].y, losses[len(losses)-1].y, lowest.y, lowest.x)
	}
	return text
}
