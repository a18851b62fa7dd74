package pretrain

import (
	"fmt"
	"strings"
)

// role is what a key of a skeleton stands for.
type role int

const (
	roleThing role = iota
	roleSubject
	rolePlace
	rolePeriod
	roleQuality
	roleMakers
	roleAsk
	roleLanguage
	roleEcho
	roleRestated
	roleOther // never in the sentences: always null
	roleCount
)

// described are wordings of each role for the prompt.
var describedAs = [roleCount][]string{
	{"the thing asked for", "kind of object", "what is searched", "què es busca", "qué se busca"},
	{"what it is about", "subject", "the theme alone", "de què tracta", "el tema", "de qué trata"},
	{"where", "place", "the place of it", "on és", "lugar", "dónde"},
	{"when", "period", "years", "quan", "cuándo"},
	{"quality of the thing", "a code for the quality", "com és", "cómo es"},
	{"who made it", "the makers", "those who take part", "qui ho ha fet", "quién lo ha hecho"},
	{"list or count", "what is wanted: list or count"},
	{"language of the request", "its language", "llengua", "idioma"},
	{"the request itself", "the same text again", "el text tal com és", "el texto tal cual"},
	{"the request in plain words", "restated", "dit d'una altra manera", "dicho de otro modo"},
	{"price", "phone", "rating", "size in metres", "preu", "tamaño"},
}

// slot is a key of the skeleton with its role.
type slot struct {
	key  string
	role role
}

// schema is a skeleton: slots, some of them gathered in a group, with the
// conventions for values.
type schema struct {
	slots     []slot
	group     string // key of the object that holds the grouped slots; empty for none
	grouped   map[role]bool
	makerKeys []string // kind, name, origin; only the name when of length one
	years     yearForm
	codes     [3]string // names of the languages
	ask       [2]string // codes for list and count
	style     style
}

// yearForm writes periods: formats for in, between, since, after, until, before.
type yearForm map[string]string

var yearForms = []yearForm{
	{"in": "A", "between": "A-B", "since": ">=A", "after": ">A", "until": "<=B", "before": "<B"},
	{"in": "A", "between": "A-B", "since": ">=A", "after": ">A", "until": "<=B", "before": "<B"},
	{"in": "A", "between": "A..B", "since": "A..", "after": "after A", "until": "..B", "before": "before B"},
	{"in": "=A", "between": "A/B", "since": "A/", "after": "+A", "until": "/B", "before": "-B"},
	{"in": "A", "between": "A to B", "since": "from A", "after": "> A", "until": "to B", "before": "< B"},
}

func (f yearForm) write(p period) string {
	return strings.NewReplacer("A", fmt.Sprint(p.from), "B", fmt.Sprint(p.to)).Replace(f[p.kind])
}

var keyWords = strings.Fields(`name type place city town year date time topic theme title lang text note kind class code level area zone group
author owner maker people team house source target value label tag item object thing subject matter content body head info detail details
data entry record field where when who what which why how from since until near origin country region home site spot state status quality
mode form shape size colour price cost phone mail rank score intent action goal aim want need wish ask order question answer reply message
summary plain short long full raw original clean words sentence phrase speech tongue idiom nom lloc any data tema títol llengua nota tipus
classe nivell zona grup autor origen país text cosa objecte què quan on qui nombre lugar año fecha asunto título idioma tipo clase nivel
grupo país texto objeto qué cuándo dónde quién mensaje resumen`)

// key is a key name: a word, two joined, or a made-up one.
func (s source) key() string {
	one := func() string {
		if s.chance(.35) {
			return s.coined(pick(s, languages))
		}
		return pick(s, keyWords)
	}
	switch s.IntN(8) {
	case 0, 1:
		return one() + "_" + one()
	case 2:
		return one() + title(one())
	default:
		return one()
	}
}

// keys are n different key names.
func (s source) keys(n int) []string {
	var keys []string
	used := map[string]bool{}
	for len(keys) < n {
		if k := s.key(); !used[k] {
			used[k] = true
			keys = append(keys, k)
		}
	}
	return keys
}

// schema draws a skeleton. Which roles it has varies as much as their names.
func (s source) schema() schema {
	rate := map[role]float64{roleThing: .4, roleSubject: .9, rolePlace: .7, rolePeriod: .7, roleQuality: .4, roleMakers: .75,
		roleAsk: .25, roleLanguage: .45, roleEcho: .4, roleRestated: .45, roleOther: .4}
	var roles []role
	for r := roleThing; r < roleCount; r++ {
		if s.chance(rate[r]) {
			roles = append(roles, r)
		}
	}
	if len(roles) == 0 {
		roles = []role{roleSubject}
	}
	s.Shuffle(len(roles), func(i, j int) { roles[i], roles[j] = roles[j], roles[i] })
	keys := s.keys(len(roles) + 4)
	sc := schema{years: pick(s, yearForms), codes: pick(s, codes), grouped: map[role]bool{},
		ask: pick(s, [][2]string{{"list", "count"}, {"which", "how_many"}, {"L", "N"}}), style: style{indent: pick(s, []int{2, 2, 2, 2, 0, 1})}}
	for i, r := range roles {
		sc.slots = append(sc.slots, slot{keys[i], r})
	}
	sc.makerKeys = keys[len(roles) : len(roles)+1]
	if s.chance(.7) {
		sc.makerKeys = keys[len(roles) : len(roles)+3]
	}
	if s.chance(.5) {
		sc.group = keys[len(roles)+3]
		for _, r := range []role{rolePlace, rolePeriod, roleQuality, roleOther, roleThing} {
			sc.grouped[r] = s.chance(.7)
		}
	}
	return sc
}

// prompt describes the skeleton in one of several manners.
func (s source) prompt(sc schema) string {
	opening := pick(s, []string{"Turn the request into JSON.", "Extract the fields below as JSON.", "Write one JSON object with these keys.",
		"Converteix la petició en JSON.", "Convierte la petición en JSON.", "Read the text and fill in the form.", "Omple els camps.", "Rellena los campos."})
	between := pick(s, []string{": ", " = ", " - "})
	var lines []string
	for _, sl := range sc.ordered() {
		key := sl.key
		if sc.grouped[sl.role] && sc.group != "" {
			key = sc.group + "." + key
		}
		line := key + between + pick(s, describedAs[sl.role])
		switch sl.role {
		case rolePeriod:
			line += "; " + s.yearSamples(sc.years)
		case roleMakers:
			line += " (" + strings.Join(sc.makerKeys, ", ") + ")"
		case roleLanguage:
			line += ": " + strings.Join(sc.codes[:], ", ")
		case roleAsk:
			line += ": " + strings.Join(sc.ask[:], ", ")
		}
		lines = append(lines, line)
	}
	return opening + pick(s, []string{"\n", "\n\n"}) + strings.Join(lines, "\n")
}

// yearSamples shows how periods are written.
func (s source) yearSamples(f yearForm) string {
	from := 1950 + s.IntN(70)
	var shown []string
	for _, kind := range []string{"in", "between", "since", "until", "after", "before"} {
		shown = append(shown, f.write(period{kind: kind, from: from, to: from + 3}))
	}
	return strings.Join(shown, ", ")
}

// ordered are the slots as they are written: the grouped ones together, where
// the first of them stands.
func (sc schema) ordered() []slot {
	if sc.group == "" {
		return sc.slots
	}
	var in, out []slot
	for _, sl := range sc.slots {
		if sc.grouped[sl.role] {
			in = append(in, sl)
		}
	}
	done := false
	for _, sl := range sc.slots {
		switch {
		case !sc.grouped[sl.role]:
			out = append(out, sl)
		case !done:
			out, done = append(out, in...), true
		}
	}
	return out
}
