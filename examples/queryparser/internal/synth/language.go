package synth

// The guess of a text's language that the reference evaluation makes. Gold
// answers that it would misjudge are drawn again, so that the test measures
// the model and not the guess.

import "strings"

var indicators = map[Language][]string{
	Catalan: {"projectes", "sobre", "de la", "d'", "a catalunya", "amb", "des de"},
	Spanish: {"proyectos", "de la", "del", "con", "desde", "en españa"},
	English: {"projects", "about", "from", "with", "in", "by"},
}

// detect is the reference's rule: the language with most indicators among the
// substrings of the text; English also wins every tie in which it has one.
func detect(text string) Language {
	text = strings.ToLower(text)
	count := map[Language]int{}
	for lang, words := range indicators {
		for _, w := range words {
			if strings.Contains(text, w) {
				count[lang]++
			}
		}
	}
	ca, es, en := count[Catalan], count[Spanish], count[English]
	switch {
	case ca > es && ca > en:
		return Catalan
	case es > ca && es > en:
		return Spanish
	case en > 0:
		return English
	}
	return ""
}
