package synth

import (
	"strings"
	"unicode"
)

// slip misspells a word of the wording now and then. It sees templates before
// they are filled, so that names and topics, which the answer must repeat,
// stay as they are.
func (s *speaker) slip(template string) string {
	if s.slips == 0 {
		return template
	}
	words := strings.Split(template, " ")
	for i, w := range words {
		if len(w) > 4 && strings.IndexFunc(w, func(r rune) bool { return !unicode.IsLetter(r) }) < 0 && chance(s.r, s.slips) {
			words[i] = misspell(s, []rune(w))
		}
	}
	return strings.Join(words, " ")
}

// misspell swaps, drops or doubles a letter inside the word, or drops its accents.
func misspell(s *speaker, w []rune) string {
	at := 1 + s.r.IntN(len(w)-2)
	switch s.r.IntN(4) {
	case 0:
		w[at], w[at+1] = w[at+1], w[at]
	case 1:
		w = append(w[:at:at], w[at+1:]...)
	case 2:
		w = append(w[:at+1:at+1], w[at:]...)
	default:
		return plainLetters.Replace(string(w))
	}
	return string(w)
}

var plainLetters = strings.NewReplacer("à", "a", "á", "a", "è", "e", "é", "e", "í", "i", "ï", "i", "ò", "o", "ó", "o", "ú", "u", "ü", "u", "ç", "c", "ñ", "n")
