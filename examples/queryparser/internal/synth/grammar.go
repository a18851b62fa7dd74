package synth

// Articles and prepositions of Catalan, Spanish and English. Noun phrases
// carry their article («l'ICIQ», «el País Vasco»); a preposition in front of
// one contracts or elides as the language wants: «del CDTI», «a l'ICIQ»,
// «d'Horizon Europe», «pel Consell».

import (
	"strings"
	"unicode/utf8"
)

// Language is a language of the queries, spelt as in meta.lang.
type Language string

// The three languages of the query parser.
const (
	Catalan Language = "CA"
	Spanish Language = "ES"
	English Language = "EN"
)

// Languages lists them in the order in which records are dealt out.
var Languages = []Language{Catalan, Spanish, English}

// contractions are preposition + article pairs that melt into one word.
var contractions = map[Language][][2]string{
	Catalan: {{"de el ", "del "}, {"de els ", "dels "}, {"a el ", "al "}, {"a els ", "als "}, {"per el ", "pel "}, {"per els ", "pels "}},
	Spanish: {{"de el ", "del "}, {"a el ", "al "}},
}

// join puts a preposition (one or more words, maybe empty), or a Spanish «y»,
// before a noun phrase.
func join(lang Language, preposition, phrase string) string {
	if preposition == "" {
		return phrase
	}
	if lang == Spanish && preposition == "y" && startsWithI(phrase) {
		preposition = "e"
	}
	whole := preposition + " " + phrase
	at := strings.LastIndexByte(preposition, ' ') + 1 // only the last word meets the article
	for _, c := range contractions[lang] {
		if rest, ok := strings.CutPrefix(whole[at:], c[0]); ok {
			return whole[:at] + c[1] + rest
		}
	}
	if lang == Catalan && preposition[at:] == "de" && elides(phrase) {
		return whole[:at] + "d'" + phrase
	}
	return whole
}

// elides tells whether Catalan «de» becomes «d'» before the phrase: a vowel or
// silent h, but not a consonantal i or u.
func elides(phrase string) bool {
	lower := strings.ToLower(phrase)
	for _, glide := range []string{"ia", "ie", "io", "iu", "ua", "ue", "ui", "uo", "hia", "hie"} {
		if strings.HasPrefix(lower, glide) {
			return false
		}
	}
	first, _ := utf8.DecodeRuneInString(lower)
	return strings.ContainsRune("aeiouàèéíòóúh", first)
}

// startsWithI: before such words Spanish says «e», not «y».
func startsWithI(phrase string) bool {
	for _, initial := range []string{"i", "í", "hi", "hí"} {
		if strings.HasPrefix(strings.ToLower(phrase), initial) {
			return true
		}
	}
	return false
}

// splitArticle separates the article of a noun phrase: "el País Vasco" gives
// "el " and "País Vasco".
func splitArticle(lang Language, phrase string) (article, bare string) {
	articles := map[Language][]string{
		Catalan: {"el ", "la ", "els ", "les ", "l'"},
		Spanish: {"el ", "la ", "los ", "las "},
		English: {"the "},
	}
	for _, a := range articles[lang] {
		if bare, ok := strings.CutPrefix(phrase, a); ok {
			return a, bare
		}
	}
	return "", phrase
}

// gender of the nouns that organisation names begin with, in Catalan and Spanish.
var gender = map[string]rune{
	"Universitat": 'f', "Institut": 'm', "Centre": 'm', "Fundació": 'f', "Consorci": 'm', "Agència": 'f',
	"Parc": 'm', "Museu": 'm', "Escola": 'f', "Ajuntament": 'm', "Diputació": 'f', "Servei": 'm',
	"Observatori": 'm', "Clínica": 'f', "Banc": 'm', "Associació": 'f', "Hospital": 'm', "Generalitat": 'f',
	"Universidad": 'f', "Universidade": 'f', "Instituto": 'm', "Centro": 'm', "Fundación": 'f', "Consorcio": 'm',
	"Agencia": 'f', "Parque": 'm', "Museo": 'm', "Escuela": 'f', "Ayuntamiento": 'm', "Diputación": 'f',
	"Servicio": 'm', "Observatorio": 'm', "Banco": 'm', "Asociación": 'f', "Red": 'f', "Grupo": 'm', "Real": 'm',
}

// takesThe are the words by which an English sentence knows that an
// organisation's name wants the article.
var takesThe = []string{"University of", "Institut", "Institute", "Centre", "Center", "Centro", "Universitat", "Universidad",
	"Foundation", "Fundació", "Fundación", "School of", "Agency", "Observatory", "Museum", "Park", "Parc", "Group", "Council", "Hospital Universit"}

// withArticle puts the article before an organisation's name. The head is the
// name whose first word decides the gender (an acronym has that of its full
// name); names without a known head, such as those of companies, take none.
func withArticle(lang Language, name, head string) string {
	if lang == English {
		if name != head {
			return name
		}
		for _, word := range takesThe {
			if strings.Contains(name, word) {
				return "the " + name
			}
		}
		return name
	}
	first, _, _ := strings.Cut(head, " ")
	g, known := gender[first]
	if !known {
		return name
	}
	acronym := name != head
	initial, _ := utf8.DecodeRuneInString(strings.ToLower(name))
	switch {
	case lang == Spanish && g == 'f':
		return "la " + name
	case lang == Spanish:
		return "el " + name
	case g == 'm' && strings.ContainsRune("aeiouàèéíòóúh", initial):
		return "l'" + name
	case g == 'm':
		return "el " + name
	case strings.ContainsRune("aeoàèéòó", initial), !acronym && strings.ContainsRune("h", initial):
		return "l'" + name
	default: // «la Universitat», «la UPF»: unstressed initial u and i do not elide
		return "la " + name
	}
}
