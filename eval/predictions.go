// The outputs of a model, and pairing them with the gold queries.

package eval

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// Prediction is what a model wrote for one gold query.
type Prediction struct {
	ID     string
	Output string // the generated text, any bytes
}

// ReadPredictions reads lines {"id": …, "output": "…"}; other keys are ignored, blank lines skipped. The error names the faulty lines.
func ReadPredictions(path string) ([]Prediction, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	predictions, err := ParsePredictions(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return predictions, nil
}

// ParsePredictions is [ReadPredictions] for the contents of a file.
func ParsePredictions(data []byte) ([]Prediction, error) {
	var predictions []Prediction
	var faults faultList
	for n := 1; len(data) > 0; n++ {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		data = rest
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		p, err := predictionOf(line)
		if err != nil {
			faults.addf("line %d: %s", n, err)
			continue
		}
		predictions = append(predictions, p)
	}
	return predictions, faults.err()
}

func predictionOf(line []byte) (Prediction, error) {
	v, err := pyjson.UnmarshalFile(line)
	if err != nil {
		return Prediction{}, err
	}
	o, ok := v.(*pyjson.Object)
	if !ok {
		return Prediction{}, fmt.Errorf(`an object {"id": …, "output": "…"} is needed, not %s`, pyjson.Kind(v))
	}
	id, ok := o.Get("id")
	if !ok {
		return Prediction{}, fmt.Errorf(`no "id"`)
	}
	output, ok := o.Value("output").(string)
	if !ok {
		return Prediction{}, fmt.Errorf(`"output" is %s: a string is needed`, pyjson.Kind(o.Value("output")))
	}
	return Prediction{ID: pyjson.Text(id), Output: output}, nil
}

// PairingError tells which ids of gold queries and predictions do not belong together.
type PairingError struct {
	Missing   []string // gold queries without a prediction
	Surplus   []string // predictions without a gold query
	Duplicate []string // ids that occur more than once
}

func (e *PairingError) Error() string {
	var parts []string
	part := func(ids []string, what string) {
		if len(ids) == 0 {
			return
		}
		list := strings.Join(ids[:min(len(ids), shownFaults)], ", ")
		if more := len(ids) - shownFaults; more > 0 {
			list += fmt.Sprintf(" and %d more", more)
		}
		parts = append(parts, fmt.Sprintf("%d %s: %s", len(ids), what, list))
	}
	part(e.Missing, "gold queries without a prediction")
	part(e.Surplus, "predictions without a gold query")
	part(e.Duplicate, "ids more than once")
	return "predictions and test file do not fit: " + strings.Join(parts, "; ")
}

// pair returns, for each gold query, its output; nil where there is none, which is an error unless allowMissing.
func pair(gold []Gold, predictions []Prediction, allowMissing bool) ([]*string, error) {
	place := make(map[string]int, len(gold))
	faults := &PairingError{}
	for i := range gold {
		if _, twice := place[gold[i].ID]; twice {
			faults.Duplicate = append(faults.Duplicate, gold[i].ID)
		}
		place[gold[i].ID] = i
	}
	outputs := make([]*string, len(gold))
	for i := range predictions {
		p := &predictions[i]
		switch at, known := place[p.ID]; {
		case !known:
			faults.Surplus = append(faults.Surplus, p.ID)
		case outputs[at] != nil:
			faults.Duplicate = append(faults.Duplicate, p.ID)
		default:
			outputs[at] = &p.Output
		}
	}
	if !allowMissing {
		for i := range gold {
			if outputs[i] == nil {
				faults.Missing = append(faults.Missing, gold[i].ID)
			}
		}
	}
	if faults.Missing != nil || faults.Surplus != nil || faults.Duplicate != nil {
		return nil, faults
	}
	return outputs, nil
}
