// Reading strings: escapes, surrogate pairs, and what is an error where (CPython's scanstring_unicode).

package pyjson

import (
	"strings"
	"unicode/utf8"
)

// str reads the string that begins at the quote under the cursor. Its result is a string in an any.
func (d *decoder) str() (any, error) {
	begin := d.at
	at := begin + 1
	run := at // start of the stretch not yet copied
	var b strings.Builder
	for {
		for at < len(d.text) && d.text[at] != '"' && d.text[at] != '\\' {
			if d.text[at] < 0x20 {
				return nil, d.fail("Invalid control character at", at)
			}
			at++
		}
		if at == len(d.text) {
			return nil, d.fail("Unterminated string starting at", begin)
		}
		if d.text[at] == '"' {
			d.at = at + 1
			if b.Len() == 0 {
				return d.text[run:at], nil
			}
			b.WriteString(d.text[run:at])
			return b.String(), nil
		}
		b.WriteString(d.text[run:at])
		at++
		if at == len(d.text) {
			return nil, d.fail("Unterminated string starting at", begin)
		}
		if d.text[at] != 'u' {
			c := simpleEscape(d.text[at])
			if c == 0 {
				return nil, d.fail("Invalid \\escape", at-1)
			}
			b.WriteByte(c)
			at++
		} else {
			r, end, err := d.unicodeEscape(at + 1)
			if err != nil {
				return nil, err
			}
			appendRune(&b, r)
			at = end
		}
		run = at
	}
}

func simpleEscape(c byte) byte {
	switch c {
	case '"', '\\', '/':
		return c
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return 0
}

// unicodeEscape reads the four digits at the cursor, and a second escape when both make a pair. It returns where it ended.
func (d *decoder) unicodeEscape(at int) (rune, int, error) {
	r, ok := d.hex4(at)
	if !ok {
		return 0, 0, d.fail("Invalid \\uXXXX escape", at-1)
	}
	end := at + 4
	if 0xD800 <= r && r < 0xDC00 && end+6 < len(d.text) && d.text[end] == '\\' && d.text[end+1] == 'u' {
		low, ok := d.hex4(end + 2)
		if !ok {
			return 0, 0, d.fail("Invalid \\uXXXX escape", end+1)
		}
		if 0xDC00 <= low && low < 0xE000 {
			return 0x10000 + (r-0xD800)<<10 + (low - 0xDC00), end + 6, nil
		}
	}
	return r, end, nil
}

// hex4 reads four hexadecimal digits that do not end the text (a closing quote must follow).
func (d *decoder) hex4(at int) (rune, bool) {
	if at+4 >= len(d.text) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(d.text[at : at+4]) {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

func isSurrogate(r rune) bool { return 0xD800 <= r && r < 0xE000 }

// decodeRune is utf8.DecodeRuneInString that also knows the three-byte form of a surrogate.
func decodeRune(s string) (rune, int) {
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 && len(s) >= 3 &&
		s[0] == 0xED && s[1]&0xE0 == 0xA0 && s[2]&0xC0 == 0x80 {
		return 0xD000 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return r, size
}

// appendRune writes a rune, a surrogate in its three-byte form.
func appendRune(b *strings.Builder, r rune) {
	if isSurrogate(r) {
		b.Write([]byte{0xED, 0x80 | byte(r>>6)&0x3F, 0x80 | byte(r)&0x3F})
		return
	}
	b.WriteRune(r)
}
