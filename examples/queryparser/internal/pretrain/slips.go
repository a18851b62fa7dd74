package pretrain

import (
	"strings"
	"unicode"

	"github.com/ajolote-ai/ajolote/examples/queryparser/internal/slips"
)

// slip mistypes words of a request now and then: letters swapped, dropped or doubled, accents left out. Words of the values stay
// as they are, for the answer repeats them.
func (s source) slip(text string, values ...string) string {
	if !s.chance(.3) {
		return text
	}
	kept := map[string]bool{}
	for _, v := range values {
		for _, w := range strings.Fields(v) {
			kept[w] = true
		}
	}
	everyAccent := s.chance(.2)
	words := strings.Split(text, " ")
	for i, w := range words {
		letters := []rune(w)
		if kept[w] || len(letters) < 4 || strings.IndexFunc(w, func(r rune) bool { return !unicode.IsLetter(r) }) >= 0 {
			continue
		}
		switch {
		case everyAccent:
			words[i] = slips.WithoutAccents(w)
		case s.chance(.12):
			words[i] = slips.Mistype(s, letters)
		}
	}
	return strings.Join(words, " ")
}
