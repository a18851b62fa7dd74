package tokenizer

import (
	"bytes"
	"fmt"

	"github.com/ajolote-ai/ajolote/tokenizer/internal/onig"
)

// event is a stretch of a piece that a pattern matched, or one between its matches.
type event struct {
	start, end int
	match      bool
}

// pattern finds the events of a text: they cover it, in order.
type pattern interface {
	events(list []event, text []byte) ([]event, error)
	// matchesEmpty says whether the pattern can match no characters, which gives texts without an original.
	matchesEmpty() bool
}

// literal is a string that is looked for as it stands.
type literal string

func (l literal) matchesEmpty() bool { return len(l) == 0 }

func (l literal) events(list []event, text []byte) ([]event, error) {
	if len(l) == 0 { // the regular expression without characters matches between any two
		re, err := onig.Compile("")
		if err != nil {
			return nil, err
		}
		return expression{re}.events(list, text)
	}
	at := 0
	for at < len(text) {
		i := bytes.Index(text[at:], []byte(l))
		if i < 0 {
			break
		}
		if i > 0 {
			list = append(list, event{at, at + i, false})
		}
		list = append(list, event{at + i, at + i + len(l), true})
		at += i + len(l)
	}
	if at < len(text) {
		list = append(list, event{at, len(text), false})
	}
	return list, nil
}

// expression is a regular expression.
type expression struct{ *onig.Regexp }

func (e expression) matchesEmpty() bool { return e.CanMatchEmpty() }

func (e expression) events(list []event, text []byte) ([]event, error) {
	at := 0
	err := e.FindAll(text, func(m onig.Match) bool {
		if at != m.Start {
			list = append(list, event{at, m.Start, false})
		}
		list = append(list, event{m.Start, m.End, true})
		at = m.End
		return true
	})
	if at < len(text) {
		list = append(list, event{at, len(text), false})
	}
	return list, err
}

// isolate cuts p around each match: the events of the behavior Isolated, without a list of them.
func (e expression) isolate(p *piece, out []piece) ([]piece, error) {
	at := 0
	err := e.FindAll(p.text, func(m onig.Match) bool {
		if at < m.Start {
			out = append(out, p.cut(at, m.Start))
		}
		if m.Start < m.End {
			out = append(out, p.cut(m.Start, m.End))
		}
		at = m.End
		return true
	})
	if at < len(p.text) {
		out = append(out, p.cut(at, len(p.text)))
	}
	return out, err
}

// behavior says where the matches of a Split go.
type behavior uint8

const (
	removed behavior = iota
	isolated
	mergedWithPrevious
	mergedWithNext
	contiguous
)

var behaviors = map[string]behavior{
	"Removed": removed, "Isolated": isolated, "MergedWithPrevious": mergedWithPrevious,
	"MergedWithNext": mergedWithNext, "Contiguous": contiguous,
}

func (b *behavior) UnmarshalText(name []byte) error {
	known, ok := behaviors[string(name)]
	if !ok {
		return fmt.Errorf("unknown split behavior %q", name)
	}
	*b = known
	return nil
}

// distribute cuts p at the events, which it overwrites, and appends the parts that are not empty.
func (b behavior) distribute(p *piece, events []event, out []piece) []piece {
	kept := events[:0]
	switch b {
	case isolated:
		kept = events
	case removed:
		for _, e := range events {
			if !e.match {
				kept = append(kept, e)
			}
		}
	case contiguous, mergedWithPrevious:
		before := false
		for _, e := range events {
			joins := e.match == before
			if b == mergedWithPrevious {
				joins = e.match && !before
			}
			if n := len(kept); joins && n > 0 {
				kept[n-1].end = e.end
			} else {
				kept = append(kept, e)
			}
			before = e.match
		}
	case mergedWithNext:
		// From the right, each match goes to the stretch behind it unless that is a match as well.
		next := len(events)
		before := false
		for i := len(events) - 1; i >= 0; i-- {
			e := events[i]
			if e.match && !before && next < len(events) {
				events[next].start = e.start
			} else {
				next--
				events[next] = e
			}
			before = e.match
		}
		kept = events[next:]
	}
	for _, e := range kept {
		if e.start < e.end {
			out = append(out, p.cut(e.start, e.end))
		}
	}
	return out
}
