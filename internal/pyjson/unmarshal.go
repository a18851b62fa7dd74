// Reading: json.loads, with the same leniency, the same strictness and the same messages (CPython 3.11, Modules/_json.c).

package pyjson

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// MaxDepth is how deep lists and objects may nest. Python stops at its recursion limit of 1000, less the frames in use.
	MaxDepth = 1000
	// MaxDigits is how many digits an integer may have; Python's default since 3.11. Floats have no such limit.
	MaxDigits = 4300
)

// Unmarshal reads one JSON text: Python's json.loads of a str. Beyond standard JSON it takes NaN, Infinity and -Infinity, keeps
// lone surrogates, and lets a repeated key keep its first place and its last value. A number without fraction and exponent is an [Int].
//
// Strings without escapes share memory with text. The error is a [*SyntaxError], a [*LimitError], or, for text that is not UTF-8
// (lone surrogates apart), an [*EncodingError].
func Unmarshal(text string) (any, error) {
	if err := checkEncoding(text, true); err != nil {
		return nil, err
	}
	if strings.HasPrefix(text, "\ufeff") {
		return nil, syntaxError("Unexpected UTF-8 BOM (decode using utf-8-sig)", text, 0)
	}
	d := decoder{text: text}
	d.skipSpace()
	v, err := d.value()
	if err != nil {
		return nil, err
	}
	d.skipSpace()
	if d.at < len(text) {
		return nil, syntaxError("Extra data", text, d.at)
	}
	return v, nil
}

// UnmarshalFile reads the contents of a file that holds one JSON text: Python's json.load of a file opened as UTF-8. Unlike [Unmarshal]
// it refuses raw surrogates, which are no UTF-8.
func UnmarshalFile(data []byte) (any, error) {
	text := string(data)
	if err := checkEncoding(text, false); err != nil {
		return nil, err
	}
	return Unmarshal(text)
}

type decoder struct {
	text  string
	at    int
	depth int
}

func (d *decoder) skipSpace() {
	for d.at < len(d.text) {
		switch d.text[d.at] {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return
		}
	}
}

// peek returns the next byte, or 0 at the end of the text; a 0 byte in the text begins no JSON value either.
func (d *decoder) peek() byte {
	if d.at < len(d.text) {
		return d.text[d.at]
	}
	return 0
}

func (d *decoder) fail(msg string, at int) error { return syntaxError(msg, d.text, at) }

func (d *decoder) value() (any, error) {
	switch c := d.peek(); c {
	case '"':
		return d.str()
	case '{':
		return d.nested("object", d.object)
	case '[':
		return d.nested("array", d.array)
	case 'n':
		return d.word("null", nil)
	case 't':
		return d.word("true", true)
	case 'f':
		return d.word("false", false)
	case 'N':
		return d.word("NaN", math.NaN())
	case 'I':
		return d.word("Infinity", math.Inf(1))
	case '-':
		if strings.HasPrefix(d.text[d.at:], "-Infinity") {
			return d.word("-Infinity", math.Inf(-1))
		}
	}
	return d.number()
}

func (d *decoder) word(word string, v any) (any, error) {
	if !strings.HasPrefix(d.text[d.at:], word) {
		return nil, d.fail("Expecting value", d.at)
	}
	d.at += len(word)
	return v, nil
}

func (d *decoder) nested(kind string, read func() (any, error)) (any, error) {
	if d.depth == MaxDepth {
		return nil, &LimitError{
			Msg:    fmt.Sprintf("maximum recursion depth exceeded while decoding a JSON %s from a unicode string", kind),
			Offset: d.at,
		}
	}
	d.depth++
	v, err := read()
	d.depth--
	return v, err
}

func (d *decoder) object() (any, error) {
	d.at++ // {
	o := &Object{}
	d.skipSpace()
	if d.peek() == '}' {
		d.at++
		return o, nil
	}
	for {
		if d.peek() != '"' {
			return nil, d.fail("Expecting property name enclosed in double quotes", d.at)
		}
		key, err := d.str()
		if err != nil {
			return nil, err
		}
		d.skipSpace()
		if d.peek() != ':' {
			return nil, d.fail("Expecting ':' delimiter", d.at)
		}
		d.at++
		d.skipSpace()
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		o.Set(key.(string), v)
		d.skipSpace()
		switch d.peek() {
		case '}':
			d.at++
			return o, nil
		case ',':
			d.at++
			d.skipSpace()
		default:
			return nil, d.fail("Expecting ',' delimiter", d.at)
		}
	}
}

func (d *decoder) array() (any, error) {
	d.at++ // [
	list := []any{}
	d.skipSpace()
	if d.peek() == ']' {
		d.at++
		return list, nil
	}
	for {
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		d.skipSpace()
		switch d.peek() {
		case ']':
			d.at++
			return list, nil
		case ',':
			d.at++
			d.skipSpace()
		default:
			return nil, d.fail("Expecting ',' delimiter", d.at)
		}
	}
}

// number takes the longest -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)? and leaves the rest, as "1." or "01", to the caller.
func (d *decoder) number() (any, error) {
	start, at := d.at, d.at
	if at < len(d.text) && d.text[at] == '-' {
		at++
	}
	first := at
	at = d.digits(at)
	if at == first {
		return nil, d.fail("Expecting value", start)
	}
	if d.text[first] == '0' {
		at = first + 1
	}
	integerEnd := at
	if at < len(d.text) && d.text[at] == '.' {
		if end := d.digits(at + 1); end > at+1 {
			at = end
		}
	}
	if at < len(d.text) && (d.text[at] == 'e' || d.text[at] == 'E') {
		from := at + 1
		if from < len(d.text) && (d.text[from] == '-' || d.text[from] == '+') {
			from++
		}
		if end := d.digits(from); end > from {
			at = end
		}
	}
	d.at = at
	literal := d.text[start:at]
	if at > integerEnd {
		f, _ := strconv.ParseFloat(literal, 64) // out of range is ±Inf, as in Python
		return f, nil
	}
	if n := integerEnd - first; n > MaxDigits {
		return nil, &LimitError{
			Msg: fmt.Sprintf("Exceeds the limit (%d digits) for integer string conversion: value has %d digits; "+
				"use sys.set_int_max_str_digits() to increase the limit", MaxDigits, n),
			Offset: start,
		}
	}
	if literal == "-0" {
		literal = "0"
	}
	if len(literal) == 1 {
		return smallInts[literal[0]-'0'], nil
	}
	return Int(literal), nil
}

// smallInts are the one-digit integers as values, so that a long list of them takes no memory beyond the list.
var smallInts = [10]any{Int("0"), Int("1"), Int("2"), Int("3"), Int("4"), Int("5"), Int("6"), Int("7"), Int("8"), Int("9")}

func (d *decoder) digits(at int) int {
	for at < len(d.text) && '0' <= d.text[at] && d.text[at] <= '9' {
		at++
	}
	return at
}

// checkEncoding reports the first byte that is not UTF-8, in the words of Python's decoder.
func checkEncoding(text string, surrogates bool) error {
	if utf8.ValidString(text) {
		return nil
	}
	for at := 0; at < len(text); {
		r, size := decodeRune(text[at:])
		if size == 1 && r == utf8.RuneError || !surrogates && isSurrogate(r) {
			return &EncodingError{Byte: text[at], Offset: at, Reason: encodingReason(text[at:])}
		}
		at += size
	}
	return nil
}

func encodingReason(rest string) string {
	need, lo, hi := 0, byte(0x80), byte(0xBF)
	switch c := rest[0]; {
	case c >= 0xC2 && c <= 0xDF:
		need = 1
	case c >= 0xE0 && c <= 0xEF:
		need = 2
		if c == 0xE0 {
			lo = 0xA0
		} else if c == 0xED {
			hi = 0x9F
		}
	case c >= 0xF0 && c <= 0xF4:
		need = 3
		if c == 0xF0 {
			lo = 0x90
		} else if c == 0xF4 {
			hi = 0x8F
		}
	default:
		return "invalid start byte"
	}
	for i := 1; i <= need; i++ {
		if i == len(rest) {
			return "unexpected end of data"
		}
		if rest[i] < lo || rest[i] > hi {
			return "invalid continuation byte"
		}
		lo, hi = 0x80, 0xBF
	}
	return "invalid start byte"
}
