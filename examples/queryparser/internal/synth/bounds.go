package synth

import (
	"bytes"
	"encoding/json"
)

// Answers are made-up outputs for the records of a test set, one JSON object a line, between which a model's score is to be
// read. Empty answers nothing: what it scores, a model need not have learnt. Gold answers with the gold itself: what it
// misses, the evaluation cannot give.
type Answers struct{ Empty, Gold []byte }

// MakeAnswers writes both for a set.
func MakeAnswers(set []Record) (Answers, error) {
	var empty, gold bytes.Buffer
	for _, r := range set {
		text, err := json.Marshal(r)
		if err != nil {
			return Answers{}, err
		}
		for _, a := range []struct {
			to     *bytes.Buffer
			output string
		}{{&empty, "{}"}, {&gold, string(text)}} {
			if err := json.NewEncoder(a.to).Encode(map[string]string{"id": r.Meta.ID, "output": a.output}); err != nil {
				return Answers{}, err
			}
		}
	}
	return Answers{empty.Bytes(), gold.Bytes()}, nil
}
