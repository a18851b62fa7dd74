// What a report shows.

package report

import (
	"errors"

	"github.com/ajolote-ai/ajolote/eval"
)

// Document is a report to be written in one of the formats.
type Document struct {
	Title string         // "" for a title of its own
	Evals []*eval.Report // the first is the one that the others are compared with
	Train []*TrainLog    // curves of training runs; may be empty

	comparisons []*eval.Comparison // of the first with each other one; nil where the queries differ
	warnings    []string
}

// New makes a document. The error tells that there is nothing to show.
func New(title string, evals []*eval.Report, train []*TrainLog) (*Document, error) {
	if len(evals) == 0 && len(train) == 0 {
		return nil, errors.New("nothing to report: give the reports that eval wrote, or training runs")
	}
	d := &Document{Title: title, Evals: evals, Train: train}
	if d.Title == "" {
		d.Title = "Query parser evaluation"
		if len(evals) == 0 {
			d.Title = "Training"
		}
	}
	for i, other := range evals {
		if i == 0 {
			continue
		}
		c, err := eval.Compare(evals[0], other)
		if err != nil {
			d.warnings = append(d.warnings, evals[0].Name+" and "+other.Name+" cannot be compared query by query: "+err.Error())
		}
		d.comparisons = append(d.comparisons, c)
	}
	return d, nil
}

// test returns the paired test of run i (from 1) against the first, if there is one.
func (d *Document) test(i int, metric string) (eval.PairedTest, bool) {
	if i < 1 || i > len(d.comparisons) || d.comparisons[i-1] == nil {
		return eval.PairedTest{}, false
	}
	for _, t := range d.comparisons[i-1].Metrics {
		if t.Name == metric {
			return t, true
		}
	}
	return eval.PairedTest{}, false
}

// significant is the p-value below which a difference is called more than chance.
const significant = 0.05

// section is a group of metrics as they are shown together.
type section struct {
	title   string
	note    string
	metrics []namedMetric
}

type namedMetric struct{ name, title, note string }

var sections = []section{
	{"Validity", "What the outputs are worth to a program that must read them.", []namedMetric{
		{"schema_valid", "Valid: parses and fits the schema", "the honest share of usable outputs"},
		{"json_parsed", "Parses as JSON", "an object was found and decoded"},
		{"valid_json", "Valid JSON, as the reference counts", "always 100 %: it scores an empty query in place of what it cannot decode"},
	}},
	{"All correct", "The whole query at once.", []namedMetric{
		{"all_correct_strict", "Strict", "filters, organisations exact, topic and language"},
		{"valid_and_strict", "Strict, and valid", "the same without outputs that no program can read"},
		{"all_correct_relaxed", "Relaxed", "filters, names of organisations, topic"},
	}},
	{"Components", "One part of the query at a time, over all queries.", []namedMetric{
		{"language_correct", "Language", "guessed from the words of the answer"},
		{"semantic_query", "Topic", ""},
		{"organisations_exact", "Organisations, exact", "names, types and places"},
		{"organisations_relaxed", "Organisations, names", ""},
		{"programme", "Programme", ""},
		{"funding_level", "Funding level", ""},
		{"year", "Year", ""},
		{"location", "Location", ""},
		{"location_level", "Location level", ""},
	}},
}
