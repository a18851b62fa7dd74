// Writing: json.dumps.

package pyjson

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Options are the arguments of json.dumps. The zero value writes on one line with ", " and ": " and leaves non-ASCII text as it is:
// json.dumps(v, ensure_ascii=False).
type Options struct {
	Indent      int  // spaces for each level; 0 writes on one line
	EnsureASCII bool // write everything outside printable ASCII as \uXXXX (Python's own default)
	SortKeys    bool // by code points

	// The separators; empty means Python's own: ", " (with Indent: ",") and ": ".
	ItemSeparator, KeySeparator string

	// NonFiniteAsNull writes null for NaN, Infinity and -Infinity, which standard JSON lacks.
	NonFiniteAsNull bool
}

// Marshal writes a value as Python's json.dumps does. Floats are written by their repr, an empty list or object takes no line break, and a
// lone surrogate, which has no UTF-8 form, is written as its escape in every mode (json.dumps without ensure_ascii keeps it, and the file then cannot
// be written). The error tells of a Go type that stands for no JSON value, or of nesting beyond twice [MaxDepth], which only
// a value that contains itself reaches.
func Marshal(v any, opts Options) ([]byte, error) { return Append(nil, v, opts) }

// Append is [Marshal] behind the bytes already in dst.
func Append(dst []byte, v any, opts Options) ([]byte, error) {
	if opts.ItemSeparator == "" {
		opts.ItemSeparator = ", "
		if opts.Indent > 0 {
			opts.ItemSeparator = ","
		}
	}
	if opts.KeySeparator == "" {
		opts.KeySeparator = ": "
	}
	e := encoder{Options: opts, out: dst}
	if err := e.value(v, 0); err != nil {
		return dst, err
	}
	return e.out, nil
}

type encoder struct {
	Options
	out []byte
}

func (e *encoder) value(v any, level int) error {
	if level > 2*MaxDepth {
		return &LimitError{Msg: "the value nests too deep to be written: does it contain itself?"}
	}
	if n, ok := asInt(v); ok {
		e.out = append(e.out, n.String()...)
		return nil
	}
	switch v := v.(type) {
	case nil:
		e.out = append(e.out, "null"...)
	case bool:
		if v {
			e.out = append(e.out, "true"...)
		} else {
			e.out = append(e.out, "false"...)
		}
	case float64:
		e.float(v)
	case string:
		e.out = appendQuoted(e.out, v, e.EnsureASCII)
	case []any:
		return e.list(v, level+1)
	case *Object:
		return e.object(v, level+1)
	default:
		return fmt.Errorf("a Go %T is no JSON value", v)
	}
	return nil
}

func (e *encoder) float(f float64) {
	switch {
	case e.NonFiniteAsNull && (math.IsNaN(f) || math.IsInf(f, 0)):
		e.out = append(e.out, "null"...)
	case math.IsNaN(f):
		e.out = append(e.out, "NaN"...)
	case math.IsInf(f, 1):
		e.out = append(e.out, "Infinity"...)
	case math.IsInf(f, -1):
		e.out = append(e.out, "-Infinity"...)
	default:
		e.out = appendFloat(e.out, f)
	}
}

func (e *encoder) list(list []any, level int) error {
	if len(list) == 0 {
		e.out = append(e.out, "[]"...)
		return nil
	}
	e.out = append(e.out, '[')
	for i, v := range list {
		if i > 0 {
			e.out = append(e.out, e.ItemSeparator...)
		}
		e.newline(level)
		if err := e.value(v, level); err != nil {
			return err
		}
	}
	e.newline(level - 1)
	e.out = append(e.out, ']')
	return nil
}

func (e *encoder) object(o *Object, level int) error {
	if o.Len() == 0 {
		e.out = append(e.out, "{}"...)
		return nil
	}
	keys := o.keys
	if e.SortKeys {
		keys = slices.Clone(keys)
		slices.Sort(keys) // bytes of UTF-8, surrogates included, sort as code points do
	}
	e.out = append(e.out, '{')
	for i, k := range keys {
		if i > 0 {
			e.out = append(e.out, e.ItemSeparator...)
		}
		e.newline(level)
		e.out = appendQuoted(e.out, k, e.EnsureASCII)
		e.out = append(e.out, e.KeySeparator...)
		v := o.values[i]
		if e.SortKeys {
			v = o.Value(k)
		}
		if err := e.value(v, level); err != nil {
			return err
		}
	}
	e.newline(level - 1)
	e.out = append(e.out, '}')
	return nil
}

func (e *encoder) newline(level int) {
	if e.Indent <= 0 {
		return
	}
	e.out = append(e.out, '\n')
	for range level * e.Indent {
		e.out = append(e.out, ' ')
	}
}

const hexDigits = "0123456789abcdef"

// appendQuoted writes a string in double quotes. Escaped are the quote, the backslash, U+0000 to U+001F and lone surrogates; with ascii
// also U+007F and everything above. A byte that is not UTF-8 is written as U+FFFD.
func appendQuoted(b []byte, s string, ascii bool) []byte {
	b = append(b, '"')
	run := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < 0x7F && c != '"' && c != '\\' || c == 0x7F && !ascii {
			i++
			continue
		}
		r, size := rune(c), 1
		if c >= 0x80 {
			r, size = decodeRune(s[i:])
			if !ascii && !isSurrogate(r) && !(r == '\uFFFD' && size == 1) {
				i += size
				continue
			}
		}
		b = append(b, s[run:i]...)
		switch short := strings.IndexByte("\"\\\b\f\n\r\t", c); {
		case short >= 0:
			b = append(b, '\\', `"\bfnrt`[short])
		case r == '\uFFFD' && !ascii:
			b = append(b, "\uFFFD"...)
		case r >= 0x10000:
			b = appendEscape(b, 0xD800+(r-0x10000)>>10)
			b = appendEscape(b, 0xDC00+(r-0x10000)&0x3FF)
		default:
			b = appendEscape(b, r)
		}
		i += size
		run = i
	}
	b = append(b, s[run:]...)
	return append(b, '"')
}

func appendEscape(b []byte, r rune) []byte {
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}
