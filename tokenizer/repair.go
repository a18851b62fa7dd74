package tokenizer

import "unicode/utf8"

// Text that is not UTF-8 is repaired before anything else: each maximal part that begins a character but does not end it, and
// each byte that begins none, becomes one U+FFFD. That is the way of the Unicode Standard (3.9, "U+FFFD Substitution of
// Maximal Subparts"), of Python's decode("utf-8", "replace") and of Rust's String::from_utf8_lossy.

// repaired appends text with U+FFFD for what is not valid.
func repaired(out, text []byte) []byte {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r != utf8.RuneError || size > 1 {
			out = append(out, text[i:i+size]...)
			i += size
			continue
		}
		out = append(out, "\uFFFD"...)
		i += invalidPrefix(text[i:])
	}
	return out
}

// invalidPrefix is the length of the longest beginning of text that begins a character, at least 1; text begins with no
// whole character.
func invalidPrefix(text []byte) int {
	need, low, high := 0, byte(0x80), byte(0xBF)
	switch b := text[0]; {
	case 0xC2 <= b && b <= 0xDF:
		need = 1
	case 0xE0 <= b && b <= 0xEF:
		need = 2
		if b == 0xE0 {
			low = 0xA0
		} else if b == 0xED {
			high = 0x9F
		}
	case 0xF0 <= b && b <= 0xF4:
		need = 3
		if b == 0xF0 {
			low = 0x90
		} else if b == 0xF4 {
			high = 0x8F
		}
	}
	n := 1
	for n <= need && n < len(text) && low <= text[n] && text[n] <= high {
		low, high = 0x80, 0xBF
		n++
	}
	return n
}
