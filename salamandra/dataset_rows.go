package salamandra

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
)

// This file: from a row to an example, for each shape of rows. The shapes and their meaning are those of axolotl 0.19.

// example reads a row. The error is the reason why it cannot be trained on.
func (c *Config) example(d *Dataset, r row) (Example, error) {
	switch kind, style := d.format(); kind {
	case kindChat, kindShareGPT:
		return c.conversation(d, r)
	case kindAlpaca:
		return alpaca(r, style, c.TrainOnInputs)
	case kindCompletion:
		field := d.Field
		if field == "" {
			field = "text"
		}
		text, err := r.text(field)
		if err == nil && text == "" {
			err = fmt.Errorf("%s is empty", field)
		}
		return Example{Segments: []Segment{{Text: text, Train: true, Begin: true, End: true}}, Cut: true}, err
	case kindInputOutput:
		return inputOutput(r, c.TrainOnInputs)
	case kindTokenised:
		return tokenised(r)
	default:
		return Example{}, fmt.Errorf("the type %s is not known", d.Type)
	}
}

// text reads a key that must hold a text.
func (r row) text(key string) (string, error) {
	raw, ok := r[key]
	if !ok || isNull(raw) {
		return "", fmt.Errorf("the row has no %s; its keys are %s", key, r.keys())
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", fmt.Errorf("%s is %s, not a text", key, jsonKind(raw))
	}
	return text, nil
}

// optionalText reads a key that may be absent or null.
func (r row) optionalText(key string) (string, error) {
	if raw, ok := r[key]; !ok || isNull(raw) {
		return "", nil
	}
	return r.text(key)
}

func (r row) keys() string {
	names := make([]string, 0, len(r))
	for key := range r {
		names = append(names, key)
	}
	slices.Sort(names)
	return listed(names)
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// jsonKind names the kind of a JSON value for messages.
func jsonKind(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a text"
	case 't', 'f':
		return "a bool"
	case 'n':
		return "null"
	}
	return "a number"
}

// rowID is the id of a row, or where it stands.
func rowID(r row, file string, line int) string {
	if raw, ok := r["id"]; ok && !isNull(raw) {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			return text
		}
		return string(raw)
	}
	return filepath.Base(file) + ":" + strconv.Itoa(line)
}

// The words that Stanford Alpaca puts around an instruction, as axolotl does.
const (
	alpacaWithInput = "Below is an instruction that describes a task, paired with an input that provides further context. Write a response that appropriately completes the request."
	alpacaAlone     = "Below is an instruction that describes a task. Write a response that appropriately completes the request."
)

// alpaca reads a row of instruction, input and output.
func alpaca(r row, style string, trainInputs bool) (Example, error) {
	instruction, err := r.text("instruction")
	if err != nil {
		return Example{}, err
	}
	input, err := r.optionalText("input")
	if err != nil {
		return Example{}, err
	}
	output, err := r.text("output")
	if err != nil {
		return Example{}, err
	}
	if output == "" {
		return Example{}, errors.New("output is empty")
	}
	system, question := alpacaAlone, instruction
	if input != "" {
		system = alpacaWithInput
	}
	var prompt string
	if style == "chatml" {
		if input != "" {
			question += "\n" + input
		}
		prompt = "<|im_start|>system\n" + system + "<|im_end|>\n<|im_start|>user\n" + question + "<|im_end|>\n<|im_start|>assistant\n"
	} else {
		if input != "" {
			question += "\n\n### Input:\n" + input
		}
		prompt = system + "\n\n### Instruction:\n" + question + "\n\n### Response:\n"
	}
	return Example{Segments: []Segment{{Text: prompt, Train: trainInputs, Begin: true}, {Text: output, Train: true, End: true}}}, nil
}

// inputOutput reads a row of segments that say themselves whether they are trained on. Nothing is put around them.
func inputOutput(r row, trainInputs bool) (Example, error) {
	raw, ok := r["segments"]
	if !ok {
		return Example{}, fmt.Errorf("the row has no segments; its keys are %s", r.keys())
	}
	var segments []struct {
		Label *bool
		Text  *string
	}
	if err := json.Unmarshal(raw, &segments); err != nil {
		return Example{}, fmt.Errorf("segments: want a list of {label, text}: %w", err)
	}
	e := Example{}
	for i, s := range segments {
		if s.Label == nil || s.Text == nil {
			return Example{}, fmt.Errorf("segments[%d]: want label and text", i)
		}
		e.Segments = append(e.Segments, Segment{Text: *s.Text, Train: *s.Label || trainInputs})
	}
	if len(e.Segments) == 0 {
		return Example{}, errors.New("segments is empty")
	}
	return e, nil
}

// tokenised reads a row of ids and labels. Tokens that the attention mask leaves out are padding and are dropped.
func tokenised(r row) (Example, error) {
	ids, err := r.numbers("input_ids")
	if err != nil {
		return Example{}, err
	}
	labels, err := r.numbers("labels")
	if err != nil {
		return Example{}, err
	}
	mask := make([]int32, len(ids))
	for i := range mask {
		mask[i] = 1
	}
	if raw, ok := r["attention_mask"]; ok && !isNull(raw) {
		if mask, err = r.numbers("attention_mask"); err != nil {
			return Example{}, err
		}
	}
	if len(labels) != len(ids) || len(mask) != len(ids) {
		return Example{}, fmt.Errorf("input_ids, labels and attention_mask differ in length: %d, %d, %d", len(ids), len(labels), len(mask))
	}
	e := Example{}
	for i, id := range ids {
		if mask[i] == 0 {
			continue
		}
		if id < 0 {
			return Example{}, fmt.Errorf("input_ids[%d] is %d; want an id of at least 0", i, id)
		}
		if labels[i] != Ignore && labels[i] != id {
			return Example{}, fmt.Errorf("labels[%d] is %d; want %d, the token itself, or %d for a token that does not count", i, labels[i], id, Ignore)
		}
		e.IDs, e.Labels = append(e.IDs, id), append(e.Labels, labels[i])
	}
	return e, nil
}

func (r row) numbers(key string) ([]int32, error) {
	raw, ok := r[key]
	if !ok || isNull(raw) {
		return nil, fmt.Errorf("the row has no %s; its keys are %s; name the shape of the rows in type", key, r.keys())
	}
	var wide []int64
	if err := json.Unmarshal(raw, &wide); err != nil {
		return nil, fmt.Errorf("%s: want a list of whole numbers: %w", key, err)
	}
	numbers := make([]int32, len(wide))
	for i, n := range wide {
		if n < math.MinInt32 || n > math.MaxInt32 {
			return nil, fmt.Errorf("%s[%d] is %d: out of range", key, i, n)
		}
		numbers[i] = int32(n)
	}
	return numbers, nil
}
