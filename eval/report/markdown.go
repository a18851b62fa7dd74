// The report as Markdown, for a pull request or a model card.

package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/ajolote-ai/ajolote/eval"
)

// WriteMarkdown writes the metrics, the shares by language and intent, the errors and the training runs as tables of GitHub's Markdown. The answers are left out.
func (d *Document) WriteMarkdown(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "# %s\n", markdownText(d.Title))
	if len(d.Evals) > 0 {
		fmt.Fprintf(out, "\n%s. Shares with %g %% bootstrap intervals.\n", markdownText(d.lead()), 100*d.Evals[0].Bootstrap.Confidence)
	}
	for _, warning := range d.warnings {
		fmt.Fprintf(out, "\n> %s\n", markdownText(warning))
	}
	if len(d.Evals) > 0 {
		d.markdownMetrics(out)
		d.markdownGroups(out, "Language", func(e *eval.Report) []eval.Group { return e.ByLanguage })
		d.markdownGroups(out, "Intent", func(e *eval.Report) []eval.Group { return e.ByIntent })
	}
	if t := d.errorTable(); t != nil {
		fmt.Fprintf(out, "\n## Errors\n\n")
		header := []string{"severity", "error"}
		markdownRow(out, append(header, t.Runs...))
		markdownRule(out, 2, len(t.Runs))
		for _, r := range t.Rows {
			cells := []string{r.Severity, r.Title}
			for _, n := range r.Counts {
				cells = append(cells, fmt.Sprint(n))
			}
			markdownRow(out, cells)
		}
	}
	if len(d.Train) > 0 {
		fmt.Fprintf(out, "\n## Training\n\n")
		for _, log := range d.Train {
			fmt.Fprintf(out, "- %s: %s\n", markdownText(log.Name), log.summary())
		}
	}
	return out.Flush()
}

func (d *Document) markdownMetrics(out *bufio.Writer) {
	for _, t := range d.tables() {
		fmt.Fprintf(out, "\n## %s\n\n", t.Title)
		header := []string{""}
		for i, e := range d.Evals {
			header = append(header, e.Name)
			if i > 0 {
				header = append(header, "change")
			}
		}
		markdownRow(out, header)
		markdownRule(out, 1, len(header)-1)
		for _, row := range t.Rows {
			cells := []string{row.Title}
			for i, c := range row.Cells {
				cells = append(cells, fmt.Sprintf("%s (%s)", c.Percent, c.Range))
				if i > 0 {
					ch := row.Changes[i-1]
					text := ch.Text
					if ch.Verdict != "" {
						text += ", " + ch.Verdict
					}
					if ch.P != "" {
						text += " (" + ch.P + ")"
					}
					cells = append(cells, text)
				}
			}
			markdownRow(out, cells)
		}
	}
}

func (d *Document) markdownGroups(out *bufio.Writer, title string, groups func(*eval.Report) []eval.Group) {
	names := groupNames(d.Evals, groups)
	if len(names) == 0 {
		return
	}
	fmt.Fprintf(out, "\n## %s\n\n", title)
	markdownRow(out, []string{title, "run", "queries", "valid", "strict", "relaxed", "language"})
	markdownRule(out, 2, 5)
	for _, name := range names {
		for _, e := range d.Evals {
			for _, g := range groups(e) {
				if g.Name != name {
					continue
				}
				cells := []string{name, e.Name, fmt.Sprint(g.Total)}
				for _, m := range []string{"schema_valid", "all_correct_strict", "all_correct_relaxed", "language_correct"} {
					cells = append(cells, percent(g.Metric(m).Share))
				}
				markdownRow(out, cells)
			}
		}
	}
}

func markdownRow(out *bufio.Writer, cells []string) {
	for _, c := range cells {
		out.WriteString("| " + markdownText(c) + " ")
	}
	out.WriteString("|\n")
}

func markdownRule(out *bufio.Writer, texts, numbers int) {
	out.WriteString(strings.Repeat("| --- ", texts) + strings.Repeat("| ---: ", numbers) + "|\n")
}

var markdownEscapes = strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`")

func markdownText(s string) string { return markdownEscapes.Replace(s) }
