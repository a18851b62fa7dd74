// Package onig matches the regular expressions of tokenizer.json files, which Hugging Face tokenizers hands to
// Oniguruma 6.9.10 in its own syntax. Go's regexp has neither look-around nor possessive repeats, and other Unicode
// tables.
//
// What is known: literals and escapes; . ^ $ \A \z \Z \b \B \G; classes with nesting, negation, &&, POSIX brackets and
// \p; greedy, lazy and possessive repeats; groups, atomic groups, the options i, m and x; look-ahead and look-behind;
// \R, \N, \O. Everything else (back-references, subexpression calls, \K, \X, absent groups, conditionals, and
// case-insensitive letters that fold to several) is an error that names it.
package onig

import (
	"errors"
	"fmt"
)

// Regexp is a compiled pattern. It is safe for use by many goroutines.
type Regexp struct {
	pattern string
	program []instruction
	marks   int
	scan    *wordScan  // instead of the program, for well-known patterns
	first   *[256]bool // the bytes with which a match can begin; nil when a match can be empty
}

// Compile reads a pattern. An error names the construct and its place.
func Compile(pattern string) (*Regexp, error) {
	tree, err := parse(pattern)
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", pattern, err)
	}
	c := compiler{}
	if err := c.emit(tree); err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", pattern, err)
	}
	c.add(instruction{op: opMatch})
	re := &Regexp{pattern: pattern, program: c.program, marks: c.marks, scan: wordScans[pattern]}
	var starts [256]bool
	if tree.firstBytes(&starts) {
		re.first = &starts
	}
	return re, nil
}

// String is the pattern as it was given.
func (re *Regexp) String() string { return re.pattern }

// CanMatchEmpty says whether some match has no characters.
func (re *Regexp) CanMatchEmpty() bool { return re.first == nil }

// ErrTooLong is returned when a search takes more steps than any sensible pattern needs on its text.
var ErrTooLong = errors.New("gave up: the regular expression backtracks without end on this text")

// Match is one match: the bytes from Start to End.
type Match struct{ Start, End int }

// FindAll calls yield for each match in text, which must be valid UTF-8, from left to right without overlap, until yield
// returns false. As in the Rust binding, an empty match right behind the match before it is passed over.
func (re *Regexp) FindAll(text []byte, yield func(Match) bool) error {
	if re.scan != nil {
		re.scan.findAll(text, yield)
		return nil
	}
	m := machine{re: re, text: text, allowed: maxSteps + 1000*len(text)}
	return m.findAll(yield)
}

func (m *machine) findAll(yield func(Match) bool) error {
	from, last := 0, -1
	for from <= len(m.text) {
		found, ok, err := m.search(from)
		if err != nil {
			return err
		}
		if !ok {
			return nil
		}
		if found.Start == found.End && found.End == last {
			if from == len(m.text) {
				return nil
			}
			from += width(m.text[from])
			continue
		}
		from, last = found.End, found.End
		if !yield(found) {
			return nil
		}
	}
	return nil
}

// search finds the leftmost match that begins at from or later.
func (m *machine) search(from int) (Match, bool, error) {
	m.start = from
	for at := from; ; {
		if first := m.re.first; first != nil {
			for at < len(m.text) && !first[m.text[at]] {
				at++
			}
			if at == len(m.text) {
				return Match{}, false, nil
			}
		}
		end, err := m.run(0, at)
		if err != nil {
			return Match{}, false, err
		}
		if end >= 0 {
			return Match{at, end}, true, nil
		}
		if at >= len(m.text) {
			return Match{}, false, nil
		}
		at += width(m.text[at])
	}
}

// width is the length of the character whose first byte is b.
func width(b byte) int {
	switch {
	case b < 0xC0:
		return 1
	case b < 0xE0:
		return 2
	case b < 0xF0:
		return 3
	}
	return 4
}
