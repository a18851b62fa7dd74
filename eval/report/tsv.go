// The report as a table of plain numbers.

package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/ajolote-ai/ajolote/eval"
)

// WriteTSV writes one line for each run, group and metric, for a spreadsheet or a program: the columns run, kind (all, language or intent), group, metric, count,
// total, share, low and high, and for runs that can be compared with the first also difference and p. Shares are fractions of one.
func (d *Document) WriteTSV(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "run\tkind\tgroup\tmetric\tcount\ttotal\tshare\tlow\thigh\tdifference\tp")
	for i, e := range d.Evals {
		line := func(kind, group string, m eval.Entry) {
			difference, p := "", ""
			if t, ok := d.test(i, m.Name); ok && kind == "all" {
				difference, p = fmt.Sprintf("%.6g", t.Difference), fmt.Sprintf("%.6g", t.P)
			}
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%d\t%d\t%.6g\t%.6g\t%.6g\t%s\t%s\n", tsvText(e.Name), kind, tsvText(group), m.Name,
				m.Count, m.Total, m.Share.Share, m.Low, m.High, difference, p)
		}
		for _, m := range e.Metrics {
			line("all", "", m)
		}
		for _, g := range e.ByLanguage {
			for _, m := range g.Metrics {
				line("language", g.Name, m)
			}
		}
		for _, g := range e.ByIntent {
			for _, m := range g.Metrics {
				line("intent", g.Name, m)
			}
		}
	}
	return out.Flush()
}

func tsvText(s string) string { return strings.NewReplacer("\t", " ", "\n", " ", "\r", " ").Replace(s) }
