// Package slips misspells words as people who type do.
package slips

import "strings"

// Source draws a number below n, as a rand.Rand does.
type Source interface{ IntN(n int) int }

// Mistype gives a word of three letters or more one slip behind its first letter: two letters swapped, one dropped or doubled,
// or no accents. w may be written to.
func Mistype(r Source, w []rune) string {
	at := 1 + r.IntN(len(w)-2)
	switch r.IntN(4) {
	case 0:
		w[at], w[at+1] = w[at+1], w[at]
	case 1:
		w = append(w[:at:at], w[at+1:]...)
	case 2:
		w = append(w[:at+1:at+1], w[at:]...)
	default:
		return WithoutAccents(string(w))
	}
	return string(w)
}

// WithoutAccents leaves out the accents of Catalan and Spanish.
func WithoutAccents(text string) string { return plain.Replace(text) }

var plain = strings.NewReplacer("à", "a", "á", "a", "è", "e", "é", "e", "í", "i", "ï", "i", "ò", "o", "ó", "o", "ú", "u", "ü", "u", "ç", "c", "ñ", "n")
