// The wrong answers, side by side with what was expected.

package report

import (
	"fmt"
	"strings"

	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// answerGroup is a list of queries under one heading.
type answerGroup struct {
	Title   string
	Note    string
	Answers []answer
	More    int  // that are not shown
	Open    bool // shown unfolded
}

// Total counts those that are not shown too.
func (g answerGroup) Total() int { return len(g.Answers) + g.More }

// answer is one query with its gold and its predicted fields.
type answer struct {
	ID, Question, Lang, Intent string
	Fields                     []field
	Outputs                    []output // of the runs whose output is no good query
	Errors                     []string
}

// field is one row: what was expected, and what each run said.
type field struct {
	Name     string
	Expected []piece
	Given    []given
}

type given struct {
	Run   string
	Right bool
	Text  []piece
}

type output struct {
	Run, Fault, Text string
}

// shownAnswers keeps a page of many wrong answers light enough for a phone; the report file has them all.
const shownAnswers = 150

// unfolded is the number of answers up to which a group is short enough to be read without unfolding.
const unfolded = 15

// answerGroups sorts queries by what became of them. With two runs over the same queries these are the ones lost, wrong in both and gained.
func (d *Document) answerGroups() []answerGroup {
	if len(d.Evals) == 0 {
		return nil
	}
	first := d.Evals[0]
	others := make([]map[string]*eval.Result, len(d.Evals))
	for i, e := range d.Evals {
		others[i] = make(map[string]*eval.Result, len(e.Results))
		for j := range e.Results {
			others[i][e.Results[j].ID] = &e.Results[j]
		}
	}
	two := len(d.Evals) == 2 && d.comparisons[0] != nil
	groups := []answerGroup{{Title: "Wrong answers", Note: "Queries that are not right in the strict sense, in at least one run."}}
	if two {
		groups = []answerGroup{
			{Title: "Lost", Note: "Right in " + first.Name + ", wrong in " + d.Evals[1].Name + ".", Open: true},
			{Title: "Wrong in both"},
			{Title: "Gained", Note: "Wrong in " + first.Name + ", right in " + d.Evals[1].Name + "."},
		}
	}
	for i := range first.Results {
		q := &first.Results[i]
		runs := make([]*eval.Result, len(d.Evals))
		wrong := false
		for r := range d.Evals {
			runs[r] = others[r][q.ID]
			wrong = wrong || runs[r] != nil && !runs[r].AllCorrectStrict
		}
		if !wrong {
			continue
		}
		g := &groups[0]
		if two {
			switch {
			case !runs[0].AllCorrectStrict && !runs[1].AllCorrectStrict:
				g = &groups[1]
			case !runs[0].AllCorrectStrict:
				g = &groups[2]
			}
		}
		if len(g.Answers) == shownAnswers {
			g.More++
			continue
		}
		g.Answers = append(g.Answers, d.answer(q, runs))
	}
	shown := groups[:0]
	for _, g := range groups {
		if len(g.Answers) > 0 {
			g.Open = g.Open || len(g.Answers) <= unfolded
			shown = append(shown, g)
		}
	}
	return shown
}

func (d *Document) answer(q *eval.Result, runs []*eval.Result) answer {
	a := answer{ID: q.ID, Question: q.Question, Lang: q.Lang, Intent: q.Intent}
	seen := map[string]bool{}
	for r, run := range runs {
		if run == nil {
			continue
		}
		for _, e := range run.Errors {
			if !seen[e] {
				seen[e] = true
				a.Errors = append(a.Errors, errorTitle(e))
			}
		}
		if run.Fault != "" || run.EvalError != "" {
			fault := run.Fault
			if run.EvalError != "" && run.EvalError != fault {
				fault = strings.TrimPrefix(fault+"; "+run.EvalError, "; ")
			}
			o := output{Run: d.Evals[r].Name, Fault: fault}
			if !run.JSONParsed {
				o.Text = cut(run.Output, 600)
			}
			a.Outputs = append(a.Outputs, o)
		}
	}
	for _, f := range answerFields {
		expected := f.text(q.Gold)
		row := field{Name: f.name}
		differs := false
		var wrongText *string
		for r, run := range runs {
			if run == nil {
				continue
			}
			text, right := f.given(run), f.right(run)
			g := given{Run: d.Evals[r].Name, Right: right, Text: []piece{{Text: text}}}
			if !right {
				differs = true
				if wrongText == nil {
					wrongText = &text
				}
				_, g.Text = diff(expected, text)
			}
			row.Given = append(row.Given, g)
		}
		if !differs {
			continue
		}
		row.Expected, _ = diff(expected, *wrongText)
		a.Fields = append(a.Fields, row)
	}
	return a
}

// answerField is a field that can be wrong.
type answerField struct {
	name  string
	right func(*eval.Result) bool
	text  func(*pyjson.Object) string // of a gold record or prediction
	given func(*eval.Result) string
}

var answerFields = []answerField{
	filterField("programme", "programme", func(r *eval.Result) bool { return r.Filters.Programme }),
	filterField("funding level", "funding_level", func(r *eval.Result) bool { return r.Filters.FundingLevel }),
	filterField("year", "year", func(r *eval.Result) bool { return r.Filters.Year }),
	filterField("location", "location", func(r *eval.Result) bool { return r.Filters.Location }),
	filterField("location level", "location_level", func(r *eval.Result) bool { return r.Filters.LocationLevel }),
	plainField("organisations", func(r *eval.Result) bool { return r.OrganisationsExact }, organisationsText),
	plainField("topic", func(r *eval.Result) bool { return r.Semantic }, func(o *pyjson.Object) string { return valueText(o.Value("semantic_query")) }),
	{
		name:  "language",
		right: func(r *eval.Result) bool { return r.LanguageCorrect },
		text: func(o *pyjson.Object) string {
			meta, _ := o.Value("meta").(*pyjson.Object)
			return valueText(meta.Value("lang"))
		},
		given: func(r *eval.Result) string {
			guess := r.PredictedLanguage
			if guess == "" {
				guess = "none found"
			}
			if rewrite, ok := r.Predicted.Value("query_rewrite").(string); ok && rewrite != "" {
				return guess + ": " + rewrite
			}
			return guess
		},
	},
}

func filterField(name, key string, right func(*eval.Result) bool) answerField {
	return plainField(name, right, func(o *pyjson.Object) string {
		filters, _ := o.Value("filters").(*pyjson.Object)
		return valueText(filters.Value(key))
	})
}

func plainField(name string, right func(*eval.Result) bool, text func(*pyjson.Object) string) answerField {
	return answerField{name, right, text, func(r *eval.Result) string { return text(r.Predicted) }}
}

// nothing is shown for null, so that a wrong one is a visible word.
const nothing = "nothing"

func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return nothing
	case string:
		if strings.TrimSpace(v) == "" {
			return fmt.Sprintf("%q", v)
		}
		return pyjson.EscapeSurrogates(v)
	}
	return pyjson.EscapeSurrogates(pyjson.Text(v))
}

// organisationsText is one line for each: "ICIQ (research_center, Tarragona, city)".
func organisationsText(o *pyjson.Object) string {
	list, ok := o.Value("organisations").([]any)
	if !ok {
		return valueText(o.Value("organisations"))
	}
	if len(list) == 0 {
		return nothing
	}
	lines := make([]string, len(list))
	for i, item := range list {
		org, ok := item.(*pyjson.Object)
		if !ok {
			lines[i] = valueText(item)
			continue
		}
		name := "any"
		if v := org.Value("name"); v != nil {
			name = valueText(v)
		}
		var details []string
		for _, key := range []string{"type", "location", "location_level"} {
			if v := org.Value(key); v != nil {
				details = append(details, valueText(v))
			}
		}
		lines[i] = name
		if details != nil {
			lines[i] += " (" + strings.Join(details, ", ") + ")"
		}
	}
	return strings.Join(lines, "\n")
}

// errorTitle words a category for readers: "wrong programme" for "critical.wrong_programme".
func errorTitle(category string) string {
	if _, name, ok := strings.Cut(category, "."); ok {
		category = name
	}
	switch category {
	case "extra_filter_in_semantic":
		return "filter repeated in topic"
	case "wrong_semantic_query":
		return "wrong topic"
	case "org_type_mismatch":
		return "organisation details"
	case "invalid_json":
		return "no output"
	}
	return strings.ReplaceAll(category, "_", " ")
}
