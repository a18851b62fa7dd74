// The report as text for a terminal.

package eval

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// consoleRows are the lines of the text, "" for an empty one.
var consoleRows = []struct{ metric, title string }{
	{"schema_valid", "valid (parses, fits the schema)"},
	{"json_parsed", "parses as JSON"},
	{"valid_json", "valid as the reference counts"},
	{},
	{"all_correct_strict", "all correct, strict"},
	{"valid_and_strict", "all correct, strict, and valid"},
	{"all_correct_relaxed", "all correct, relaxed"},
	{"language_correct", "language"},
	{},
	{"semantic_query", "topic"},
	{"organisations_exact", "organisations, exact"},
	{"organisations_relaxed", "organisations, names"},
	{"programme", "programme"},
	{"funding_level", "funding level"},
	{"year", "year"},
	{"location", "location"},
	{"location_level", "location level"},
}

// WriteText writes the metrics with their intervals, the shares by language and by intent, and the counts of errors.
func (r *Report) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%d queries; %g %% intervals from %d bootstrap resamples, seed %d\n", r.Total, 100*r.Bootstrap.Confidence, r.Bootstrap.Resamples, r.Bootstrap.Seed)
	if r.BaseModel {
		fmt.Fprintln(out, "scored as a base model: without equivalent terms")
	}
	fmt.Fprintf(out, "\n%-34s %12s %9s   %s\n", "", "right", "share", "interval")
	for _, row := range consoleRows {
		if row.metric == "" {
			fmt.Fprintln(out)
			continue
		}
		s := r.Metric(row.metric)
		fmt.Fprintf(out, "%-34s %12s %7.1f %%   %.1f – %.1f\n", row.title, fmt.Sprintf("%d/%d", s.Count, s.Total), 100*s.Share, 100*s.Low, 100*s.High)
	}
	for _, groups := range []struct {
		title string
		list  []Group
	}{{"by language", r.ByLanguage}, {"by intent", r.ByIntent}} {
		if len(groups.list) == 0 {
			continue
		}
		fmt.Fprintf(out, "\n%-14s %8s %9s %9s %9s %9s\n", groups.title, "queries", "valid", "strict", "relaxed", "language")
		sorted := slices.Clone(groups.list)
		slices.SortFunc(sorted, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
		for _, g := range sorted {
			fmt.Fprintf(out, "%-14s %8d", g.Name, g.Total)
			for _, m := range []string{"schema_valid", "all_correct_strict", "all_correct_relaxed", "language_correct"} {
				fmt.Fprintf(out, " %7.1f %%", 100*g.Metric(m).Share)
			}
			fmt.Fprintln(out)
		}
	}
	r.writeErrorCounts(out)
	return out.Flush()
}

func (r *Report) writeErrorCounts(out *bufio.Writer) {
	counts := map[string]int{}
	for i := range r.Results {
		for _, e := range r.Results[i].Errors {
			counts[e]++
		}
	}
	if len(counts) > 0 {
		fmt.Fprintf(out, "\nerrors\n")
	}
	line := func(key, title string) {
		if counts[key] > 0 {
			fmt.Fprintf(out, "  %5d  %s\n", counts[key], title)
		}
	}
	line("invalid_json", "no output")
	for _, s := range severities {
		for _, name := range s.categories {
			line(s.name+"."+name, s.name+": "+strings.ReplaceAll(name, "_", " "))
		}
	}
	line("language_mismatch", "right content in another language")
	if r.EvalErrors > 0 {
		fmt.Fprintf(out, "\n%d outputs on which the reference programs would have stopped count as wrong (evaluation_error in the report)\n", r.EvalErrors)
	}
	if r.Missing > 0 {
		fmt.Fprintf(out, "\n%d queries without an output count as wrong\n", r.Missing)
	}
}
