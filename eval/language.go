// Guessing the language of a text by words that occur in it (reference: detect_language).

package eval

import (
	"strings"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// The indicators are looked for as substrings, so "in" also counts inside "mining". Each counts once, however often it occurs.
var (
	catalan = []string{"projectes", "sobre", "de la", "d'", "a catalunya", "amb", "des de"}
	spanish = []string{"proyectos", "de la", "del", "con", "desde", "en españa"}
	english = []string{"projects", "about", "from", "with", "in", "by"}
)

// detectLanguage returns "CA", "ES" or "EN", or "" when the text gives no hint or the hints for Catalan and Spanish balance. English needs one hint only,
// even where another language has more but not the most.
func detectLanguage(text string) string {
	text = pyjson.Lower(text)
	count := func(indicators []string) (n int) {
		for _, s := range indicators {
			if strings.Contains(text, s) {
				n++
			}
		}
		return n
	}
	ca, es, en := count(catalan), count(spanish), count(english)
	switch {
	case ca > es && ca > en:
		return "CA"
	case es > ca && es > en:
		return "ES"
	case en > 0:
		return "EN"
	}
	return ""
}
