package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonScanner reads a JSON text value by value without building a tree: a vocabulary of 256,000 words and as many merges
// would be some hundred megabytes as maps and slices of strings. It is as strict as encoding/json.
type jsonScanner struct {
	data []byte
	pos  int
	deep int
	buf  []byte // holds a string that had escapes
}

const maxJSONDepth = 1000

func (s *jsonScanner) errorf(format string, args ...any) error {
	line := 1 + bytes.Count(s.data[:min(s.pos, len(s.data))], []byte{'\n'})
	return fmt.Errorf("JSON at byte %d (line %d): %s", s.pos, line, fmt.Sprintf(format, args...))
}

func (s *jsonScanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek is the next byte that is no white space, or 0 at the end.
func (s *jsonScanner) peek() byte {
	s.space()
	if s.pos == len(s.data) {
		return 0
	}
	return s.data[s.pos]
}

func (s *jsonScanner) expect(b byte) error {
	if got := s.peek(); got != b {
		if s.pos >= len(s.data) {
			return s.errorf("the text ends where %q should stand: the file is cut off", b)
		}
		return s.errorf("%q where %q should stand", got, b)
	}
	s.pos++
	return nil
}

// object calls member for each key; member reads the value.
func (s *jsonScanner) object(member func(key string) error) error {
	return s.list('{', '}', func() error {
		raw, err := s.str()
		if err != nil {
			return err
		}
		key := string(raw)
		if err := s.expect(':'); err != nil {
			return err
		}
		return member(key)
	})
}

// array calls element before each element, which it reads.
func (s *jsonScanner) array(element func() error) error { return s.list('[', ']', element) }

func (s *jsonScanner) list(open, end byte, element func() error) error {
	if err := s.expect(open); err != nil {
		return err
	}
	if s.deep++; s.deep > maxJSONDepth {
		return s.errorf("nested more than %d deep", maxJSONDepth)
	}
	defer func() { s.deep-- }()
	if s.peek() == end {
		s.pos++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if s.peek() == end {
			s.pos++
			return nil
		}
		if err := s.expect(','); err != nil {
			return err
		}
	}
}

// str reads a string. The bytes are valid until the next one is read.
func (s *jsonScanner) str() ([]byte, error) {
	if err := s.expect('"'); err != nil {
		return nil, err
	}
	start := s.pos
	for s.pos < len(s.data) {
		switch b := s.data[s.pos]; {
		case b == '"':
			s.pos++
			return s.data[start : s.pos-1], nil
		case b == '\\':
			return s.escaped(start)
		case b < ' ':
			return nil, s.errorf("the control character %#02x inside a string", b)
		}
		s.pos++
	}
	return nil, s.errorf("a string without an end: the file is cut off")
}

func (s *jsonScanner) escaped(start int) ([]byte, error) {
	s.buf = append(s.buf[:0], s.data[start:s.pos]...)
	for s.pos < len(s.data) {
		b := s.data[s.pos]
		s.pos++
		switch {
		case b == '"':
			return s.buf, nil
		case b < ' ':
			return nil, s.errorf("the control character %#02x inside a string", b)
		case b != '\\':
			s.buf = append(s.buf, b)
			continue
		}
		if s.pos == len(s.data) {
			break
		}
		letter := s.data[s.pos]
		s.pos++
		if i := strings.IndexByte(`"\/bfnrt`, letter); i >= 0 {
			s.buf = append(s.buf, "\"\\/\b\f\n\r\t"[i])
			continue
		}
		if letter != 'u' {
			return nil, s.errorf(`the escape \%c is none of JSON's`, letter)
		}
		r, err := s.hex4()
		if err != nil {
			return nil, err
		}
		if utf16.IsSurrogate(r) {
			if !bytes.HasPrefix(s.data[s.pos:], []byte(`\u`)) {
				return nil, s.errorf("half a surrogate pair")
			}
			s.pos += 2
			low, err := s.hex4()
			if err != nil {
				return nil, err
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				return nil, s.errorf("half a surrogate pair")
			}
		}
		s.buf = utf8.AppendRune(s.buf, r)
	}
	return nil, s.errorf("a string without an end: the file is cut off")
}

func (s *jsonScanner) hex4() (rune, error) {
	if len(s.data)-s.pos < 4 {
		return 0, s.errorf(`\u needs four digits`)
	}
	n, err := strconv.ParseUint(string(s.data[s.pos:s.pos+4]), 16, 16)
	if err != nil {
		return 0, s.errorf(`\u needs four hexadecimal digits, not %q`, s.data[s.pos:s.pos+4])
	}
	s.pos += 4
	return rune(n), nil
}

// id reads a token id.
func (s *jsonScanner) id() (int32, error) {
	s.space()
	start := s.pos
	n := int64(0)
	for s.pos < len(s.data) && '0' <= s.data[s.pos] && s.data[s.pos] <= '9' && s.pos-start < 11 {
		n = n*10 + int64(s.data[s.pos]-'0')
		s.pos++
	}
	if start == s.pos || n > 1<<31-1 {
		return 0, s.errorf("an id must be a whole number from 0 to 2147483647")
	}
	if s.pos < len(s.data) && strings.IndexByte(".eE0123456789", s.data[s.pos]) >= 0 {
		return 0, s.errorf("an id must be a whole number from 0 to 2147483647")
	}
	return int32(n), nil
}

// skip passes over one value and returns its text. Of an object or an array it looks for the end only; who reads the text
// checks what is in it.
func (s *jsonScanner) skip() (json.RawMessage, error) {
	first := s.peek()
	start := s.pos
	switch first {
	case '{', '[':
		deep := 0
		for s.pos < len(s.data) {
			switch s.data[s.pos] {
			case '"':
				if _, err := s.str(); err != nil {
					return nil, err
				}
				continue
			case '{', '[':
				deep++
			case '}', ']':
				deep--
			}
			if s.pos++; deep == 0 {
				return s.data[start:s.pos], nil
			}
		}
		return nil, s.errorf("the text ends inside what %q begins: the file is cut off", first)
	case '"':
		if _, err := s.str(); err != nil {
			return nil, err
		}
	default:
		for s.pos < len(s.data) && strings.IndexByte("+-.0123456789eEtrufalsn", s.data[s.pos]) >= 0 {
			s.pos++
		}
		if !json.Valid(s.data[start:s.pos]) {
			return nil, s.errorf("no JSON value")
		}
	}
	return s.data[start:s.pos], nil
}

// typeOf reads the "type" of a part; "" for a part that is null or absent.
func typeOf(raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	var tag struct{ Type *string }
	if err := json.Unmarshal(raw, &tag); err != nil {
		return "", err
	}
	if tag.Type == nil || *tag.Type == "" {
		return "", fmt.Errorf(`%s has no "type"`, shorten(raw))
	}
	return *tag.Type, nil
}

// decodePart reads an object into a struct; the named keys must be there. Keys that the struct has not are passed over,
// as upstream does.
func decodePart(raw json.RawMessage, into any, required ...string) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return err
	}
	for _, key := range required {
		if _, ok := keys[key]; !ok {
			return fmt.Errorf("the key %q is missing", key)
		}
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return err
	}
	return nil
}

func shorten(raw []byte) string {
	if len(raw) > 60 {
		return string(bytes.ToValidUTF8(raw[:60], nil)) + "…"
	}
	return string(raw)
}
