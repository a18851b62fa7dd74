// The report of an evaluation, and its file.

package eval

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/ajolote-ai/ajolote/internal/atomicfile"
	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// ReportKind marks the files that hold a Report.
const ReportKind = "ajolote query-parser report"

// Report is everything an evaluation of the query parser found.
type Report struct {
	Kind          string            `json:"kind"`                      // always [ReportKind]
	Name          string            `json:"name"`                      // of the run or model, for tables
	Configuration map[string]string `json:"configuration,omitempty"`   // how the run was made, for the reader
	BaseModel     bool              `json:"base_model_mode,omitempty"` // scored as the reference scores base models
	Bootstrap     Bootstrap         `json:"bootstrap"`                 // how the intervals were drawn
	Seconds       float64           `json:"elapsed_seconds"`           // of the answering; 0 for ready-made outputs

	Total      int     `json:"total"`               // queries of the test file
	Metrics    []Entry `json:"metrics"`             // over all of them
	ByLanguage []Group `json:"by_language"`         // by gold language, in order of first appearance
	ByIntent   []Group `json:"by_intent,omitempty"` // by meta.intent, when the test file says; "unknown" for records without

	Languages  []LanguagePair `json:"languages"`             // expected against guessed language
	EvalErrors int            `json:"evaluation_errors"`     // queries on which the reference would have stopped
	Missing    int            `json:"missing,omitempty"`     // queries without an output
	Statistics *pyjson.Object `json:"reference"`             // the contents of the reference's validation_stats file
	ExitStatus int            `json:"reference_exit_status"` // 0 when at least half of the queries are right in the relaxed sense

	Results []Result `json:"results"` // query by query, in the order of the test file
}

// Entry is one metric of a report.
type Entry struct {
	Name string `json:"name"`
	Share
}

// Group is the metrics of the queries that have something in common.
type Group struct {
	Name    string  `json:"name"`
	Total   int     `json:"total"`
	Metrics []Entry `json:"metrics"`
}

// LanguagePair counts queries by the language asked for and the one guessed from the prediction, "" when none could be.
type LanguagePair struct {
	Expected string `json:"expected"` // meta.lang of the gold record
	Guessed  string `json:"guessed"`
	Count    int    `json:"count"` // queries
}

// Metric returns a metric of the report by its name, or the zero Share.
func (r *Report) Metric(name string) Share { return find(r.Metrics, name) }

// Metric returns a metric of the group by its name, or the zero Share.
func (g *Group) Metric(name string) Share { return find(g.Metrics, name) }

func find(entries []Entry, name string) Share {
	for _, e := range entries {
		if e.Name == name {
			return e.Share
		}
	}
	return Share{}
}

// Write writes the report as JSON: readable at the top, then one line for each query.
func (r *Report) Write(w io.Writer) error {
	head := *r
	head.Results = nil
	var top bytes.Buffer
	enc := json.NewEncoder(&top)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(head); err != nil {
		return err
	}
	open, found := bytes.CutSuffix(top.Bytes(), []byte("null\n}\n")) // results are the last key
	if !found {
		return fmt.Errorf("eval: the report's results are not its last key")
	}
	out := bufio.NewWriterSize(w, 1<<16)
	out.Write(open)
	out.WriteString("[")
	var line bytes.Buffer
	each := json.NewEncoder(&line)
	each.SetEscapeHTML(false)
	for i := range r.Results {
		if i > 0 {
			out.WriteByte(',')
		}
		line.Reset()
		if err := each.Encode(&r.Results[i]); err != nil {
			return err
		}
		out.WriteString("\n    ")
		out.Write(bytes.TrimSuffix(line.Bytes(), []byte("\n")))
	}
	out.WriteString("\n  ]\n}\n")
	return out.Flush()
}

// WriteFile writes the report beside its path and moves it into place, so that a killed run leaves no half of one. Missing parent folders are made.
func (r *Report) WriteFile(path string) error {
	return atomicfile.Write(path, r.Write)
}

// ReadReport reads a report that [Report.WriteFile] wrote.
func ReadReport(path string) (*Report, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r Report
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: not a report: %w", path, err)
	}
	if r.Kind != ReportKind {
		return nil, fmt.Errorf(`%s: not a report: "kind" is %q where %q is needed: give the file that eval wrote with --output`, path, r.Kind, ReportKind)
	}
	return &r, nil
}
