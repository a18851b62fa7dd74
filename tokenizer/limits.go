package tokenizer

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Truncation shortens encodings. The zero value of the words is the usual one.
type Truncation struct {
	// MaxLength is the most tokens that an encoding may have, those of the post-processor included.
	MaxLength int
	// Stride is how many tokens of one window come again in the next of [Encoding.Overflowing].
	Stride int
	// Strategy says which text of a pair gives way: longest_first (also when empty), only_first or only_second.
	Strategy string
	// Direction is the side that is cut off: right (also when empty) or left.
	Direction string
}

// Padding lengthens encodings.
type Padding struct {
	// Length is the number of tokens to reach; 0 is the longest encoding of the batch.
	Length int
	// MultipleOf rounds that number up; 0 leaves it.
	MultipleOf int
	// Direction is the side that is filled: right (also when empty) or left.
	Direction string
	ID        int32
	TypeID    int32
	Token     string
}

// maxPadding is more tokens than any model takes: a larger number is a mistake that would fill the memory.
const maxPadding = 1 << 20

func (t *Truncation) validate() error {
	switch {
	case t == nil:
		return nil
	case t.MaxLength < 0 || t.Stride < 0:
		return fmt.Errorf("truncation: max_length is %d and stride %d; neither may be negative", t.MaxLength, t.Stride)
	case !slices.Contains([]string{"", "longest_first", "only_first", "only_second"}, t.Strategy):
		return fmt.Errorf("truncation: the strategy is %q; it can be longest_first, only_first or only_second", t.Strategy)
	case !slices.Contains([]string{"", "left", "right"}, t.Direction):
		return fmt.Errorf("truncation: the direction is %q; it can be left or right", t.Direction)
	}
	return nil
}

func (p *Padding) validate() error {
	switch {
	case p == nil:
		return nil
	case p.Length < 0 || p.Length > maxPadding || p.MultipleOf < 0 || p.MultipleOf > maxPadding:
		return fmt.Errorf("padding: length is %d and multiple %d; both can be from 0 to %d", p.Length, p.MultipleOf, maxPadding)
	case !slices.Contains([]string{"", "left", "right"}, p.Direction):
		return fmt.Errorf("padding: the direction is %q; it can be left or right", p.Direction)
	}
	return nil
}

var (
	strategyNames  = map[string]string{"LongestFirst": "longest_first", "OnlyFirst": "only_first", "OnlySecond": "only_second"}
	directionNames = map[string]string{"Left": "left", "Right": "right"}
)

// parseTruncation reads the "truncation" of a tokenizer.json; null is nil.
func parseTruncation(raw json.RawMessage) (*Truncation, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	file := struct {
		Direction string
		MaxLength int `json:"max_length"`
		Strategy  string
		Stride    int
	}{Direction: "Right"}
	if err := decodePart(raw, &file, "max_length", "strategy", "stride"); err != nil {
		return nil, err
	}
	strategy, ok := strategyNames[file.Strategy]
	if !ok {
		return nil, fmt.Errorf("unknown strategy %q", file.Strategy)
	}
	direction, ok := directionNames[file.Direction]
	if !ok {
		return nil, fmt.Errorf("unknown direction %q", file.Direction)
	}
	t := &Truncation{MaxLength: file.MaxLength, Stride: file.Stride, Strategy: strategy, Direction: direction}
	return t, t.validate()
}

// parsePadding reads the "padding" of a tokenizer.json; null is nil.
func parsePadding(raw json.RawMessage) (*Padding, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var file struct {
		Strategy   json.RawMessage
		Direction  string
		MultipleOf *int   `json:"pad_to_multiple_of"`
		ID         int32  `json:"pad_id"`
		TypeID     int32  `json:"pad_type_id"`
		Token      string `json:"pad_token"`
	}
	if err := decodePart(raw, &file, "strategy", "direction", "pad_id", "pad_type_id", "pad_token"); err != nil {
		return nil, err
	}
	direction, ok := directionNames[file.Direction]
	if !ok {
		return nil, fmt.Errorf("unknown direction %q", file.Direction)
	}
	p := &Padding{Direction: direction, ID: file.ID, TypeID: file.TypeID, Token: file.Token}
	if file.MultipleOf != nil {
		p.MultipleOf = *file.MultipleOf
	}
	if string(file.Strategy) != `"BatchLongest"` {
		var fixed struct{ Fixed *int }
		if err := json.Unmarshal(file.Strategy, &fixed); err != nil || fixed.Fixed == nil {
			return nil, fmt.Errorf("unknown strategy %s", file.Strategy)
		}
		p.Length = *fixed.Fixed
	}
	return p, p.validate()
}

// truncate cuts e to so many tokens; the windows behind the cut become its overflow.
func (e *Encoding) truncate(length int, t *Truncation) error {
	n := e.Len()
	if length >= n {
		return nil
	}
	if length == 0 {
		whole := *e
		*e = Encoding{Overflowing: []Encoding{whole}}
		return nil
	}
	if t.Stride >= length {
		return fmt.Errorf("truncation: the stride %d must be below the %d tokens that are left beside the special ones", t.Stride, length)
	}
	step := length - t.Stride
	var parts []Encoding
	if t.Direction == "left" {
		for end := n; end > 0; end -= step {
			start := max(end-length, 0)
			parts = append(parts, e.slice(start, end))
			if start == 0 {
				break
			}
		}
	} else {
		for start := 0; start < n; start += step {
			end := min(start+length, n)
			parts = append(parts, e.slice(start, end))
			if end == n {
				break
			}
		}
	}
	*e = parts[0]
	e.Overflowing = parts[1:]
	return nil
}

// truncatePair shortens one text or two to length tokens together.
func (t *Truncation) truncatePair(length int, first, second *Encoding) error {
	if length == 0 {
		if err := first.truncate(0, t); err != nil || second == nil {
			return err
		}
		return second.truncate(0, t)
	}
	total := first.Len()
	if second != nil {
		total += second.Len()
	}
	if total <= length {
		return nil
	}
	switch t.Strategy {
	case "only_first", "only_second":
		target := first
		if t.Strategy == "only_second" {
			if target = second; target == nil {
				return fmt.Errorf("truncation: the strategy is only_second and there is no second text")
			}
		}
		if target.Len() <= total-length {
			return fmt.Errorf("truncation: the text to shorten has %d tokens, and %d must go to keep to %d", target.Len(), total-length, length)
		}
		return target.truncate(target.Len()-(total-length), t)
	}
	if second == nil {
		return first.truncate(length, t)
	}
	// The shorter text stays whole when the longer one can make room; else both get one half.
	shorter, longer := first, second
	if first.Len() > second.Len() {
		shorter, longer = second, first
	}
	low := shorter.Len()
	high := low
	if low <= length {
		high = max(low, length-low)
	}
	if low+high > length {
		low = length / 2
		high = low + length%2
	}
	if err := shorter.truncate(low, t); err != nil {
		return err
	}
	return longer.truncate(high, t)
}

// pad fills e and its overflow up to length tokens.
func (p *Padding) pad(e *Encoding, length int) {
	for i := range e.Overflowing {
		p.pad(&e.Overflowing[i], length)
	}
	missing := length - e.Len()
	if missing <= 0 {
		return
	}
	fill := inserted(slices.Repeat([]int32{p.ID}, missing), slices.Repeat([]string{p.Token}, missing), p.TypeID, 0)
	overflowing := e.Overflowing
	e.Overflowing = nil
	if p.Direction == "left" {
		fill.append(e)
		*e = fill
	} else {
		e.append(&fill)
	}
	e.Overflowing = overflowing
}

// padAll brings a batch to one length.
func (p *Padding) padAll(batch []Encoding) {
	length := p.Length
	if length == 0 {
		for i := range batch {
			length = max(length, batch[i].Len())
		}
	}
	if m := p.MultipleOf; m > 0 && length%m > 0 {
		length += m - length%m
	}
	for i := range batch {
		p.pad(&batch[i], length)
	}
}
