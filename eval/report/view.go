// What the page's template is given: texts and numbers that are ready to be shown.

package report

import (
	"html/template"

	"github.com/ajolote-ai/ajolote/eval"
)

// page is what the template shows.
type page struct {
	Title      string
	CSS        template.CSS
	Lead       string
	Warnings   []string
	Runs       []runView
	Several    bool // more than one evaluation
	Sections   []tableView
	Groups     []barGroup
	HasIntents bool
	Errors     *errorTable
	Languages  []confusionView
	Curves     []curveView
	Train      []trainView
	Answers    []answerGroup
	Settings   []settingRow
	SetNames   []string
	Bootstrap  *eval.Bootstrap
	Percent    string // the intervals' confidence
}

type runView struct {
	Class, Name string
	Total       int
	Cards       []card
	Notes       []string
}

type card struct {
	Title, Value, Range, Change, Verdict string
}

type tableView struct {
	Title, Note string
	Rows        []tableRow
}

type tableRow struct {
	Title, Note string
	Cells       []shareView
	Changes     []changeView // of the second and later runs against the first
}

type barGroup struct {
	Title string
	Note  string
	Rows  []barRow
}

type barRow struct {
	Title string
	Bars  []shareView
}

type errorTable struct {
	Runs []string
	Rows []errorRow
}

type errorRow struct {
	Severity, Title string
	Counts          []int
}

type confusionView struct {
	Run     string
	Guesses []string
	Rows    []confusionRow
}

type confusionRow struct {
	Expected string
	Cells    []confusionCell
}

type confusionCell struct {
	Count int
	Class string
}

type trainView struct {
	Class, Name, Text string
}

type settingRow struct {
	Key    string
	Values []string
}
