// Python's str methods that compare texts: len, lower, strip, split.

package pyjson

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Len is Python's len(s): the number of code points, a lone surrogate counting as one.
func Len(s string) int {
	n := 0
	for i := range len(s) {
		if s[i]&0xC0 != 0x80 {
			n++
		}
	}
	return n
}

// IsSpace tells whether Python's str.isspace holds for a code point. Unlike unicode.IsSpace this includes U+001C to U+001F.
func IsSpace(r rune) bool {
	switch {
	case r <= 0x20:
		return r == 0x20 || 0x09 <= r && r <= 0x0D || 0x1C <= r && r <= 0x1F
	case r < 0x85:
		return false
	}
	switch r {
	case 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000:
		return true
	}
	return 0x2000 <= r && r <= 0x200A
}

// Trim is Python's s.strip().
func Trim(s string) string { return strings.TrimFunc(s, IsSpace) }

// Words is Python's s.split(): the maximal runs of non-whitespace.
func Words(s string) []string { return strings.FieldsFunc(s, IsSpace) }

// Lower is Python's s.lower(): full Unicode lower-casing without locale. It differs from a mapping rune by rune in two places: İ becomes
// i and U+0307, and a capital sigma at the end of a word becomes ς. Lone surrogates stay. The Unicode version is the Go release's.
func Lower(s string) string {
	special := false
	ascii := true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			ascii = false
			// İ is C4 B0, Σ is CE A3; the first byte of a surrogate is ED.
			special = special || c == 0xC4 || c == 0xCE || c == 0xED
		}
	}
	if ascii || !special {
		return strings.ToLower(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, size := decodeRune(s[i:])
		switch {
		case r == 'İ':
			b.WriteString("i\u0307")
		case r == 'Σ' && endsWord(s[:i], s[i+size:]):
			b.WriteRune('ς')
		case isSurrogate(r):
			b.WriteString(s[i : i+size])
		default:
			b.WriteRune(unicode.ToLower(r))
		}
		i += size
	}
	return b.String()
}

// endsWord is the Final_Sigma condition of Unicode (section 3.13): a cased letter before, none after, case-ignorable characters not counting.
func endsWord(before, after string) bool {
	for len(before) > 0 {
		r, size := utf8.DecodeLastRuneInString(before)
		if !caseIgnorable(r) {
			if !cased(r) {
				return false
			}
			break
		}
		before = before[:len(before)-size]
	}
	if before == "" {
		return false
	}
	for _, r := range after {
		if !caseIgnorable(r) {
			return !cased(r)
		}
	}
	return true
}

// cased is the Unicode property Cased.
func cased(r rune) bool {
	return unicode.In(r, unicode.Ll, unicode.Lu, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

// caseIgnorable is the Unicode property Case_Ignorable: marks, format characters, modifiers, and the punctuation that occurs inside words.
func caseIgnorable(r rune) bool {
	switch r {
	case '\'', '.', ':', 0xB7, 0x387, 0x55F, 0x5F4, 0x2018, 0x2019, 0x2024, 0x2027,
		0xFE13, 0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A:
		return true
	}
	return r >= 0x5E && unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk)
}

// EscapeSurrogates is Python's s.encode("utf-8", "backslashreplace"): a lone surrogate, which has no UTF-8 form, becomes \ud800 in six ASCII characters.
func EscapeSurrogates(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := decodeRune(s[i:])
		if isSurrogate(r) {
			b.Write(appendEscape(nil, r))
		} else {
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}
