// Text forms: Python's str() and repr() of a decoded JSON value.

package pyjson

import (
	"strings"
	"unicode"
)

// Text is Python's str(v): None, True, False, digits, a float's repr, a string as it is, and lists and objects as Python writes
// them, ['a', None] and {'k': 1}. Which code points count as printable follows the Unicode tables of the Go release.
func Text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return Repr(v)
}

// Repr is Python's repr(v): like [Text], with strings in quotes.
func Repr(v any) string {
	var b strings.Builder
	writeRepr(&b, v)
	return b.String()
}

func writeRepr(b *strings.Builder, v any) {
	if n, ok := asInt(v); ok {
		b.WriteString(n.String())
		return
	}
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		if v {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case float64:
		b.WriteString(FloatText(v))
	case string:
		writeStringRepr(b, v)
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writeRepr(b, item)
		}
		b.WriteByte(']')
	case *Object:
		b.WriteByte('{')
		for i, key := range v.keys {
			if i > 0 {
				b.WriteString(", ")
			}
			writeStringRepr(b, key)
			b.WriteString(": ")
			writeRepr(b, v.values[i])
		}
		b.WriteByte('}')
	default:
		b.WriteString(Kind(v))
	}
}

func writeStringRepr(b *strings.Builder, s string) {
	quote := byte('\'')
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		quote = '"'
	}
	b.WriteByte(quote)
	for i := 0; i < len(s); {
		r, size := decodeRune(s[i:])
		switch {
		case r == rune(quote) || r == '\\':
			b.WriteByte('\\')
			b.WriteByte(byte(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteString(s[i : i+size])
		case r <= 0xFF:
			writeHex(b, 'x', r, 2)
		case r <= 0xFFFF:
			writeHex(b, 'u', r, 4)
		default:
			writeHex(b, 'U', r, 8)
		}
		i += size
	}
	b.WriteByte(quote)
}

func writeHex(b *strings.Builder, letter byte, r rune, digits int) {
	b.WriteByte('\\')
	b.WriteByte(letter)
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		b.WriteByte(hexDigits[r>>shift&15])
	}
}
