// Finding the query in generated text: the reference's QueryParser.

package query

import (
	"errors"
	"strings"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// ErrNoJSON tells that an output holds no "{" or no "}".
var ErrNoJSON = errors.New("no JSON found in output")

// Extract decodes what lies between the first "{" and the last "}" of a model's output, both included, so that code fences and text around
// the object do no harm (a brace in that text does). It is not checked against the schema. The error is [ErrNoJSON] when a brace is missing,
// else a [*pyjson.SyntaxError], a [*pyjson.LimitError] or a [*pyjson.EncodingError].
func Extract(output string) (*pyjson.Object, error) {
	first, last := strings.IndexByte(output, '{'), strings.LastIndexByte(output, '}')
	if first < 0 || last < 0 {
		return nil, ErrNoJSON
	}
	text := ""
	if first <= last {
		text = output[first : last+1]
	}
	v, err := pyjson.Unmarshal(text)
	if err != nil {
		return nil, err
	}
	return v.(*pyjson.Object), nil // a text that begins with { decodes to an object or not at all
}

// Result is what became of one output, in the form in which the reference answers.
type Result struct {
	Success   bool
	Parsed    *pyjson.Object // the object as the model wrote it; nil without success
	Error     string         // "No JSON found in output" or "Invalid JSON: …"
	RawOutput string
}

// FromOutput extracts the query of an output. It never fails: a failure is a Result too.
func FromOutput(output string) Result {
	parsed, err := Extract(output)
	switch {
	case err == nil:
		return Result{Success: true, Parsed: parsed, RawOutput: output}
	case errors.Is(err, ErrNoJSON):
		return Result{Error: "No JSON found in output", RawOutput: output}
	}
	return Result{Error: "Invalid JSON: " + err.Error(), RawOutput: output}
}

// MarshalJSON writes {"success": true, "parsed": {…}, "raw_output": "…"} or {"success": false, "error": "…", "raw_output": "…"}; without
// success an empty output is null.
func (r Result) MarshalJSON() ([]byte, error) {
	o := pyjson.NewObject("success", r.Success)
	var raw any = r.RawOutput
	if r.Success {
		o.Set("parsed", r.Parsed)
	} else {
		o.Set("error", r.Error)
		if r.RawOutput == "" {
			raw = nil
		}
	}
	o.Set("raw_output", raw)
	return o.MarshalJSON()
}
