package synth

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// speaker puts meanings into the words of one phrase book.
type speaker struct {
	book     *phrasebook
	lang     Language
	demonyms map[string]map[string]string // by place and gender
	r        *rand.Rand
	slips    float64 // rate at which a connecting word is misspelt
}

// question words a meaning as somebody might ask it: a sentence, one with the
// place or period in front, or a string of keywords, with capitals and marks as people use them.
func (s *speaker) question(m meaning) string {
	closed := m.year.kind == "" || m.year.kind == "in" || m.year.kind == "between"
	if m.ask == askList && closed && chance(s.r, .05) {
		return s.keywords(m)
	}
	if chance(s.r, .07) {
		if front, rest := s.front(m); front != "" {
			return s.dress(capital(front) + ", " + lower(s.sentence(rest)))
		}
	}
	return s.dress(s.sentence(m))
}

// sentence is the frame around the noun phrase.
func (s *speaker) sentence(m meaning) string {
	pieces := s.pieces(m)
	noun := pick(s.r, s.book.nouns)
	var before, behind []string
	for _, key := range pick(s.r, s.book.orders) {
		piece := pieces[key]
		switch {
		case piece == "":
		case piece[0] == '^':
			before = append(before, piece[1:])
			noun = s.book.nouns[0]
		default:
			behind = append(behind, piece)
		}
	}
	if m.limit != "" {
		behind = append(behind, s.slip(s.book.limit[m.limit]))
	}
	phrase := strings.Join(slices.Concat(before, []string{noun}, behind), " ")
	return strings.Replace(s.slip(pick(s.r, s.book.frames[m.ask])), "{N}", phrase, 1)
}

// front words the place, or an open period, to stand before a comma, and gives
// the meaning that is left for the sentence.
func (s *speaker) front(m meaning) (string, meaning) {
	switch {
	case m.ask != askList:
		return "", m
	case m.place.name != "":
		text := s.fill(s.placeForms(m.place)[0], "X", m.place.phrase)
		m.place = locality{}
		return text, m
	case m.year.kind != "" && m.year.kind != "in":
		text := s.period(s.book.year[m.year.kind][0], m.year)
		m.year = period{}
		return text, m
	}
	return "", m
}

// period fills the bounds into a template.
func (s *speaker) period(template string, p period) string {
	return strings.NewReplacer("{a}", fmt.Sprint(p.from), "{b}", fmt.Sprint(p.to)).Replace(template)
}

// pieces words every part of the meaning, keyed by its letter in the orders.
func (s *speaker) pieces(m meaning) map[rune]string {
	p := map[rune]string{}
	if m.level != "" {
		p['l'] = s.slip(pick(s.r, s.book.level[m.level]))
	}
	if m.programme.phrase != "" {
		p['p'] = s.fill(s.slip(s.pickFor(s.book.programme, m.programme.phrase)), "X", m.programme.phrase)
	}
	if m.year.kind != "" {
		p['y'] = s.period(s.slip(pick(s.r, s.book.year[m.year.kind])), m.year)
	}
	if m.place.name != "" {
		p['w'] = s.fill(s.slip(pick(s.r, s.placeForms(m.place))), "X", m.place.phrase)
	}
	if m.topic != "" {
		p['t'] = s.fill(s.slip(s.pickFor(s.book.topic, m.topic)), "X", m.topic)
	}
	switch len(m.orgs) {
	case 1:
		forms := s.book.org
		if m.orgs[0].named.name == "" {
			forms = s.book.orgKind
		}
		p['o'] = s.fill(s.slip(pick(s.r, forms)), "X", s.party(m.orgs[0]))
	case 2:
		p['o'] = s.fill(s.fill(s.slip(pick(s.r, s.book.orgs)), "X", s.party(m.orgs[0])), "Y", s.party(m.orgs[1]))
	}
	return p
}

func (s *speaker) placeForms(p locality) []string {
	switch p.level {
	case "province":
		return s.book.province
	case "city":
		return s.book.city
	}
	return s.book.place
}

// pickFor picks a form that suits the phrase: {plain X} wants one without
// article, {short X} one that is not composed.
func (s *speaker) pickFor(forms []string, phrase string) string {
	article, _ := splitArticle(s.lang, phrase)
	composed := strings.Contains(phrase, " and ") || strings.Contains(phrase, " for ")
	for {
		form := pick(s.r, forms)
		if strings.Contains(form, "{plain ") && article != "" || strings.Contains(form, "{short ") && composed {
			continue
		}
		return form
	}
}

// party is the noun phrase for an organisation or a kind of organisation.
func (s *speaker) party(p party) string {
	if p.named.name != "" {
		return p.named.phrase
	}
	kind := pick(s.r, s.book.kind[p.kind])
	if p.place.name == "" {
		return kind.noun
	}
	form := pick(s.r, s.book.kindIn)
	adjective := s.demonyms[p.place.name][string(kind.gender)]
	if adjective == "" {
		form = s.book.kindIn[0]
	}
	form = strings.NewReplacer("{K}", kind.noun, "{adjective}", adjective).Replace(form)
	return s.fill(form, "X", p.place.phrase)
}

// keywords is the question of somebody in a hurry: no connecting words.
func (s *speaker) keywords(m meaning) string {
	bare := func(phrase string) string { _, b := splitArticle(s.lang, phrase); return b }
	var words []string
	if l := s.book.level[m.level]; len(l) > 0 {
		words = append(words, strings.TrimPrefix(l[0], "^"))
	}
	words = append(words, m.topic, bare(m.programme.phrase))
	for _, o := range m.orgs {
		if o.named.name != "" {
			words = append(words, bare(o.named.phrase))
		} else {
			words = append(words, s.party(o))
		}
	}
	words = append(words, m.year.value(), m.place.name)
	if chance(s.r, .5) { // in any order
		s.r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	}
	if len(words) == 0 || chance(s.r, .8) {
		words = append([]string{s.book.nouns[0]}, words...)
	}
	if m.limit != "" {
		words = append(words, s.book.limit[m.limit])
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

var slot = regexp.MustCompile(`\{([^{}]*)\}`)

// fill puts a noun phrase into the slot of that name, after its preposition.
func (s *speaker) fill(template, name, phrase string) string {
	if strings.HasPrefix(template, "^") {
		return "^" + s.fill(template[1:], name, phrase)
	}
	return slot.ReplaceAllStringFunc(template, func(found string) string {
		inner := found[1 : len(found)-1]
		switch {
		case inner == name, inner == "plain "+name, inner == "short "+name:
			return phrase
		case inner == "bare "+name:
			_, bare := splitArticle(s.lang, phrase)
			return bare
		case strings.HasSuffix(inner, " "+name):
			return join(s.lang, strings.TrimSuffix(inner, " "+name), phrase)
		}
		return found
	})
}

// dress varies capitals and the final mark, as people do.
func (s *speaker) dress(text string) string {
	if chance(s.r, .5) {
		text = capital(text)
	}
	if strings.HasPrefix(text, "¿") && chance(s.r, .4) {
		text = strings.TrimPrefix(text, "¿")
	}
	if strings.HasSuffix(text, "?") && chance(s.r, .3) {
		text = strings.TrimSuffix(text, "?")
	}
	return text
}

func capital(s string) string {
	mark := strings.HasPrefix(s, "¿")
	s = strings.TrimPrefix(s, "¿")
	r, n := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(r)) + s[n:]
	if mark {
		return "¿" + s
	}
	return s
}

func lower(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
