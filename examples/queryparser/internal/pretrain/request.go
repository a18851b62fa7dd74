package pretrain

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// request is somebody's wish in one of the everyday domains, before it is put
// into words. Empty fields were not said.
type request struct {
	lang    language
	count   bool // how many, not which
	thing   int  // index into things
	quality int  // index into qualities, or -1
	subject string
	series  string
	place   spot
	period  period
	makers  []maker
}

// spot is a place as named and, in the sentence, with its article. Its reach is 0 for a town,
// 1 for a country, 2 for another place.
type spot struct {
	name, phrase string
	reach        int
}

// maker is somebody by name, or a kind of maker that may come from somewhere.
type maker struct {
	code         string // kind; empty for persons and acronyms
	name, phrase string
	plural       int    // index into makerPlurals for a kind without name
	from         spot   // where a kind without name comes from, or nowhere
	people       string // the word for those from there, where there is one
}

// period has a kind of the phrase table when, or none.
type period struct {
	kind     string
	from, to int
}

// request draws a wish with the given rate of details.
func (s source) request(lang language) request {
	q := request{lang: lang, count: s.chance(.12), thing: s.IntN(len(things[lang])), quality: -1}
	if s.chance(.8) {
		q.subject = s.subject(lang)
	}
	if s.chance(.15) {
		q.quality = s.IntN(len(qualities))
	}
	if s.chance(.3) {
		q.series = pick(s, collections)
	}
	if s.chance(.35) {
		q.place = s.spot(lang)
	}
	if s.chance(.4) {
		q.period = s.period()
	}
	if s.chance(.55) {
		q.makers = append(q.makers, s.maker(lang))
		if s.chance(.25) {
			q.makers = append(q.makers, s.maker(lang))
		}
	}
	return q
}

func (s source) spot(lang language) spot {
	switch {
	case s.chance(.3):
		name := pick(s, somewhere)[lang][0]
		return spot{name, name, 1}
	case s.chance(.25):
		phrase := pick(s, lands[lang]) + title(s.coined(lang))
		_, name := article(phrase)
		return spot{name, phrase, 2}
	}
	name := s.proper()
	if s.chance(.12) {
		article := pick(s, [3][]string{{"el ", "la ", "els ", "les "}, {"el ", "la ", "los ", "las "}, {"the "}}[lang])
		return spot{name, article + name, 0}
	}
	return spot{name, name, 0}
}

func (s source) period() period {
	from := 1950 + s.IntN(76)
	kind := pick(s, []string{"in", "in", "in", "between", "between", "since", "since", "after", "until", "before"})
	return period{kind: kind, from: from, to: from + s.IntN(2)*s.IntN(8)}.ordered()
}

// ordered gives the open kinds their one bound and makes spans at least a year.
func (p period) ordered() period {
	switch p.kind {
	case "between":
		p.to = max(p.to, p.from+1)
	case "until", "before":
		p.to = p.from
	}
	return p
}

func (s source) maker(lang language) maker {
	switch s.IntN(10) {
	case 0, 1, 2: // a person or a firm, whose name tells nothing of its kind
		name := s.proper()
		if s.chance(.5) {
			name = pick(s, firstNames) + " " + title(s.coined(lang))
		}
		return maker{name: name, phrase: name}
	case 3, 4: // an acronym
		name := s.acronym()
		article := pick(s, [3][]string{{"el ", "la ", ""}, {"el ", "la ", ""}, {"", "the "}}[lang])
		return maker{name: name, phrase: article + name}
	case 5, 6, 7: // a kind with a name
		m := pick(s, makers)
		named := lang
		if s.chance(.2) { // names keep their language
			named = pick(s, languages)
		}
		phrase := m.head[named] + s.proper()
		if s.chance(.3) {
			phrase += pick(s, [3][]string{{" de ", " i "}, {" de ", " y "}, {" of ", " and "}}[named]) + s.proper()
		}
		if s.chance(.25) {
			phrase = m.head[named] + title(s.noun(named)) + [3]string{" de ", " de ", " of "}[named] + s.proper()
		}
		if s.chance(.2) {
			phrase += [3]string{" i ", " y ", " and "}[named] + title(s.noun(named)) + " " + title(s.noun(named))
		}
		if s.chance(.3) {
			phrase = m.head[named] + s.purpose(named)
		}
		_, name := article(phrase)
		return maker{code: m.code, name: name, phrase: phrase}
	default: // a kind alone
		k := s.IntN(len(makers))
		m := maker{code: makers[k].code, plural: k}
		if s.chance(.4) {
			land := pick(s, somewhere)[lang]
			m.from, m.people = spot{land[0], land[0], 1}, land[1]
		} else if s.chance(.35) {
			m.from = s.spot(lang)
		}
		return m
	}
}

// purpose is the long end of a name: what somebody is there for, and where.
func (s source) purpose(lang language) string {
	text := pick(s, [3][]string{{"de ", "per a la ", "d'Estudis de ", "de Recull de "}, {"de ", "para la ", "de Estudios de ", "del "}, {"of ", "for ", "for the ", "of Arts and "}}[lang])
	text += title(s.noun(lang))
	if s.chance(.5) {
		text += " " + title(pick(s, adjectives[lang]))
	}
	if s.chance(.6) {
		text += pick(s, [3][]string{{" i ", " i la "}, {" y ", " y el ", " y la "}, {" and ", " and the "}}[lang]) + title(s.noun(lang))
	}
	if s.chance(.5) {
		text += [3]string{" de ", " de ", " of "}[lang] + s.proper()
	}
	return text
}

// keywords are the details without the words between them.
func (s source) keywords(q request, thing string) string {
	parts := []string{q.subject, q.series, q.place.name}
	if q.period.kind == "in" || q.period.kind == "between" {
		parts = append(parts, s.filled(q.lang, strings.NewReplacer("A", fmt.Sprint(q.period.from), "B", fmt.Sprint(q.period.to)).Replace(
			map[string]string{"in": "A", "between": "A-B"}[q.period.kind])))
	}
	for _, m := range q.makers {
		if m.name != "" {
			parts = append(parts, m.name)
		} else {
			parts = append(parts, m.in(s, q.lang, false))
		}
	}
	s.shuffle(parts)
	return strings.Join(strings.Fields(strings.Join(append([]string{thing}, parts...), " ")), " ")
}

// words puts the request into words: as people would, or plainly.
func (s source) words(q request, plain bool) string {
	form := func(forms []string) string {
		if plain {
			return forms[0]
		}
		return s.filled(q.lang, pick(s, forms))
	}
	var parts []string
	thing := things[q.lang][q.thing]
	if q.quality >= 0 {
		if word := qualities[q.quality].word[q.lang]; q.lang == english {
			thing = word + " " + thing
		} else {
			thing += " " + word
		}
	}
	open := q.period.kind != "" && q.period.kind != "in" && q.period.kind != "between"
	if !plain && !q.count && !open && s.chance(.04) {
		return s.typed(q, s.keywords(q, thing))
	}
	ahead := "" // what English puts before the thing
	if q.lang == english && !plain && q.series != "" && s.chance(.2) {
		ahead = q.series + " "
	}
	if q.lang == english && !plain && q.subject != "" && s.chance(.15) {
		ahead += q.subject + " "
	}
	if q.period.kind != "" {
		text := form(when[q.lang][q.period.kind])
		parts = append(parts, strings.NewReplacer("A", fmt.Sprint(q.period.from), "B", fmt.Sprint(q.period.to)).Replace(text))
	}
	if q.series != "" && !strings.HasPrefix(ahead, q.series+" ") {
		parts = append(parts, q.insert(form(within[q.lang]), q.series))
	}
	if q.place.name != "" {
		parts = append(parts, q.insert(form(in[q.lang]), q.place.phrase))
	}
	if len(q.makers) > 0 {
		phrase := q.makers[0].in(s, q.lang, plain)
		if len(q.makers) > 1 {
			phrase += " " + form(and[q.lang]) + " " + q.makers[1].in(s, q.lang, plain)
		}
		parts = append(parts, q.insert(form(by[q.lang]), phrase))
	}
	subjectAhead := q.subject != "" && strings.HasSuffix(ahead, q.subject+" ")
	thing = ahead + thing
	if q.subject != "" && !plain && !subjectAhead && s.chance(.06) { // the subject alone in front, the rest as keywords
		s.shuffle(parts)
		return q.subject + pick(s, []string{": ", ", ", " "}) + strings.Join(append([]string{thing}, parts...), " ")
	}
	switch {
	case q.subject == "" || subjectAhead:
	case !plain && s.chance(.08): // without a word before it
		thing += " " + q.subject
	default:
		parts = append(parts, q.insert(form(about[q.lang]), q.subject))
	}
	if !plain {
		s.shuffle(parts)
	}
	frames := listFrames
	if q.count {
		frames = countFrames
	}
	text := strings.Replace(form(frames[q.lang]), "X", strings.Join(append([]string{thing}, parts...), " "), 1)
	if plain {
		return text
	}
	return s.typed(q, text)
}

// in is the maker as part of a sentence.
func (m maker) in(s source, lang language, plain bool) string {
	if m.name != "" {
		return m.phrase
	}
	noun := makerPlurals[lang][m.plural]
	switch {
	case m.from.name == "":
		return noun
	case m.people != "" && lang == english && !plain && s.chance(.6):
		return m.people + " " + noun
	}
	return noun + " " + insert(lang, [3]string{"de X", "de X", "from X"}[lang], m.from.phrase)
}

// typed is the text as people type it: capitals, marks, slips now and then.
func (s source) typed(q request, text string) string {
	values := []string{q.subject, q.series, q.place.phrase}
	for _, m := range q.makers {
		values = append(values, m.phrase, m.from.phrase)
	}
	text = s.slip(text, values...)
	if s.chance(.5) && (q.subject == "" || !strings.HasPrefix(text, q.subject)) { // a value stays as it is
		text = title(text)
	}
	if s.chance(.3) {
		text = strings.Trim(text, "¿?")
	}
	return text
}

func (q request) insert(template, phrase string) string { return insert(q.lang, template, phrase) }

// insert replaces X, contracting the preposition before it with the article.
func insert(lang language, template, phrase string) string {
	before, after, _ := strings.Cut(template, "X")
	text := before + phrase
	meet := map[language][][2]string{
		catalan: {{"de el ", "del "}, {"de els ", "dels "}, {"a el ", "al "}, {"a els ", "als "}, {"per el ", "pel "}, {"per els ", "pels "}},
		spanish: {{"de el ", "del "}, {"a el ", "al "}},
	}
	for _, m := range meet[lang] {
		preposition := m[0][:strings.IndexByte(m[0], ' ')+1]
		art := m[0][len(preposition):]
		if strings.HasSuffix(before, preposition) && strings.HasPrefix(phrase, art) {
			if i := len(before) - len(preposition); i == 0 || before[i-1] == ' ' {
				return before[:i] + m[1] + phrase[len(art):] + after
			}
		}
	}
	first, _ := utf8.DecodeRuneInString(strings.ToLower(phrase))
	if lang == catalan && (before == "de " || strings.HasSuffix(before, " de ")) && strings.ContainsRune("aeiouàèéíòóúh", first) {
		return strings.TrimSuffix(before, "de ") + "d'" + phrase + after
	}
	return text + after
}

// article splits a leading article off a phrase.
func article(phrase string) (string, string) {
	for _, a := range []string{"el ", "la ", "els ", "les ", "los ", "las ", "l'", "the "} {
		if rest, ok := strings.CutPrefix(phrase, a); ok {
			return a, rest
		}
	}
	return "", phrase
}
