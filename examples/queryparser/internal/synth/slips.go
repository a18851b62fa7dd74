package synth

import (
	"strings"
	"unicode"

	"github.com/ajolote-ai/ajolote/examples/queryparser/internal/slips"
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
			words[i] = slips.Mistype(s.r, []rune(w))
		}
	}
	return strings.Join(words, " ")
}
