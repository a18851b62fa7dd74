package tokenizer

import (
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/ajolote-ai/ajolote/tokenizer/internal/unidata"
)

// preTokenizer cuts pieces into words. Pieces that are tokens already go through untouched.
type preTokenizer interface {
	// split appends the parts of p, which is no token, to out.
	split(w *worker, p *piece, out []piece) ([]piece, error)
}

// parsePreTokenizer reads the "pre_tokenizer" of a tokenizer.json; null is nil.
func parsePreTokenizer(raw json.RawMessage) (preTokenizer, error) {
	kind, err := typeOf(raw)
	if err != nil || kind == "" {
		return nil, err
	}
	switch kind {
	case "Sequence":
		var file struct{ Pretokenizers []json.RawMessage }
		if err := decodePart(raw, &file, "pretokenizers"); err != nil {
			return nil, err
		}
		var list preTokenizers
		for i, part := range file.Pretokenizers {
			p, err := parsePreTokenizer(part)
			if err != nil {
				return nil, fmt.Errorf("pretokenizers[%d]: %w", i, err)
			}
			if p == nil {
				return nil, fmt.Errorf("pretokenizers[%d] is null", i)
			}
			list = append(list, p)
		}
		return list, nil
	case "BertPreTokenizer":
		return bertWords{}, nil
	case "ByteLevel":
		return parseByteLevel(raw)
	case "Delimiter", "CharDelimiterSplit":
		var file struct{ Delimiter character }
		err := decodePart(raw, &file, "delimiter")
		return &cutRunes{removed, func(r rune) bool { return r == rune(file.Delimiter) }}, err
	case "Metaspace":
		return parseMetaspace(raw)
	case "Whitespace":
		return rustWords{}, nil
	case "WhitespaceSplit":
		return &cutRunes{removed, unicode.IsSpace}, nil
	case "Punctuation":
		file := struct{ Behavior behavior }{isolated}
		err := decodePart(raw, &file)
		return &cutRunes{file.Behavior, punctuation}, err
	case "Digits":
		var file struct {
			Individual bool `json:"individual_digits"`
		}
		err := decodePart(raw, &file, "individual_digits")
		how := contiguous
		if file.Individual {
			how = isolated
		}
		return &cutRunes{how, func(r rune) bool { return unidata.Numeric().Has(r) }}, err
	case "Split":
		return parseSplit(raw)
	case "UnicodeScripts":
		return scriptRuns{}, nil
	case "FixedLength":
		file := struct{ Length int }{5}
		err := decodePart(raw, &file)
		if err == nil && file.Length < 1 {
			err = fmt.Errorf("length is %d; it must be positive", file.Length)
		}
		return fixedLength(file.Length), err
	}
	return nil, fmt.Errorf("unknown pre_tokenizer type %q", kind)
}

// preTokenizers cut one after the other, each the parts of the one before.
type preTokenizers []preTokenizer

func (list preTokenizers) split(w *worker, p *piece, out []piece) ([]piece, error) {
	if len(list) == 0 {
		return append(out, *p), nil
	}
	last := len(list) - 1
	if last == 0 {
		return list[0].split(w, p, out)
	}
	parts, err := list[:last].split(w, p, w.takePieces())
	for i := range parts {
		if err != nil {
			break
		}
		out, err = list[last].split(w, &parts[i], out)
	}
	w.dropPieces(parts)
	return out, err
}

// punctuation is what BERT calls so: all ASCII symbols among it.
func punctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return '!' <= r && r <= '/' || ':' <= r && r <= '@' || '[' <= r && r <= '`' || '{' <= r && r <= '~'
	}
	return unidata.Punctuation().Has(r)
}

// cutRunes cuts at single characters.
type cutRunes struct {
	how behavior
	at  func(rune) bool
}

func (c *cutRunes) split(w *worker, p *piece, out []piece) ([]piece, error) {
	events := w.events[:0]
	from := 0
	for i := 0; i < len(p.text); {
		r, size := rune(p.text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(p.text[i:])
		}
		if c.at(r) {
			if c.how == removed { // the most common, without a list of events
				if from < i {
					out = append(out, p.cut(from, i))
				}
				i += size
				from = i
				continue
			}
			if from < i {
				events = append(events, event{from, i, false})
			}
			from = i + size
			events = append(events, event{i, from, true})
		}
		i += size
	}
	if c.how == removed {
		if from < len(p.text) {
			out = append(out, p.cut(from, len(p.text)))
		}
		return out, nil
	}
	if from < len(p.text) {
		events = append(events, event{from, len(p.text), false})
	}
	w.events = events
	return c.how.distribute(p, events, out), nil
}

// bertWords cuts at white space, which goes, and around each punctuation character.
type bertWords struct{}

func (bertWords) split(_ *worker, p *piece, out []piece) ([]piece, error) {
	from := 0
	for i := 0; i < len(p.text); {
		r, size := rune(p.text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(p.text[i:])
		}
		space := unicode.IsSpace(r)
		if space || punctuation(r) {
			if from < i {
				out = append(out, p.cut(from, i))
			}
			if from = i + size; !space {
				out = append(out, p.cut(i, from))
			}
		}
		i += size
	}
	if from < len(p.text) {
		out = append(out, p.cut(from, len(p.text)))
	}
	return out, nil
}

// rustWords keeps the matches of \w+|[^\w\s]+ as the Rust regex crate has them.
type rustWords struct{}

func (rustWords) split(_ *worker, p *piece, out []piece) ([]piece, error) {
	const (
		space = iota
		word
		symbol
	)
	from, before := 0, space
	for i := 0; i < len(p.text); {
		r, size := utf8.DecodeRune(p.text[i:])
		kind := symbol
		switch {
		case unidata.RustWord().Has(r):
			kind = word
		case unicode.IsSpace(r):
			kind = space
		}
		if kind != before {
			if before != space {
				out = append(out, p.cut(from, i))
			}
			from, before = i, kind
		}
		i += size
	}
	if before != space {
		out = append(out, p.cut(from, len(p.text)))
	}
	return out, nil
}

// scriptRuns cuts where the script changes. As upstream, what stands before the first character with a script is lost.
type scriptRuns struct{}

func (scriptRuns) split(_ *worker, p *piece, out []piece) ([]piece, error) {
	from, last := -1, 0
	for i := 0; i < len(p.text); {
		r, size := utf8.DecodeRune(p.text[i:])
		if script := unidata.Script(r); script != 0 && script != last {
			if from >= 0 {
				out = append(out, p.cut(from, i))
			}
			from, last = i, script
		}
		i += size
	}
	if from >= 0 {
		out = append(out, p.cut(from, len(p.text)))
	}
	return out, nil
}

// fixedLength cuts into parts of so many characters.
type fixedLength int

func (n fixedLength) split(_ *worker, p *piece, out []piece) ([]piece, error) {
	from, count := 0, 0
	for i := 0; i < len(p.text); {
		_, size := utf8.DecodeRune(p.text[i:])
		i += size
		if count++; count == int(n) || i == len(p.text) {
			out = append(out, p.cut(from, i))
			from, count = i, 0
		}
	}
	return out, nil
}

// splitPattern cuts at the matches of a pattern, or at what lies between them.
type splitPattern struct {
	pattern pattern
	how     behavior
	invert  bool
}

func parseSplit(raw json.RawMessage) (*splitPattern, error) {
	var file struct {
		Pattern  patternFile
		Behavior behavior
		Invert   bool
	}
	if err := decodePart(raw, &file, "pattern", "behavior", "invert"); err != nil {
		return nil, err
	}
	p, err := file.Pattern.compile()
	return &splitPattern{p, file.Behavior, file.Invert}, err
}

func (s *splitPattern) split(w *worker, p *piece, out []piece) ([]piece, error) {
	if e, ok := s.pattern.(expression); ok && s.how == isolated {
		return e.isolate(p, out)
	}
	events, err := s.pattern.events(w.events[:0], p.text)
	if err != nil {
		return out, err
	}
	w.events = events
	if s.invert {
		for i := range events {
			events[i].match = !events[i].match
		}
	}
	return s.how.distribute(p, events, out), nil
}
