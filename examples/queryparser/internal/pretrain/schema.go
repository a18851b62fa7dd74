package pretrain

import (
	"fmt"
	"strings"
)

// role is what a key of a skeleton stands for.
type role int

const (
	roleThing role = iota
	roleSeries
	roleQuality
	rolePeriod
	rolePlace
	roleReach // the kind of place
	roleMakers
	roleSubject
	roleRestated
	roleAsk
	roleLanguage
	roleEcho
	roleNote
	roleOther // never in the sentences: always null
	roleCount
)

// describedAs are wordings of each role for the prompt.
var describedAs = [roleCount][]string{
	roleThing:    {"the thing asked for", "kind of object", "what is searched", "què es busca", "qué se busca"},
	roleSeries:   {"the series by name", "series", "the collection it is in", "la col·lecció", "la colección"},
	roleQuality:  {"quality of the thing", "a code for the quality", "com és", "cómo es"},
	rolePeriod:   {"when", "period", "years", "quan", "cuándo"},
	rolePlace:    {"where", "place", "the place of it", "on és", "lugar", "dónde"},
	roleReach:    {"kind of place", "what the place is", "quina mena de lloc", "qué clase de lugar"},
	roleMakers:   {"who made it", "the makers", "those who take part", "qui ho ha fet", "quién lo ha hecho"},
	roleSubject:  {"what it is about", "subject", "the theme alone", "de què tracta", "el tema", "de qué trata"},
	roleRestated: {"the request in plain words", "restated", "dit d'una altra manera", "dicho de otro modo"},
	roleAsk:      {"list or count", "what is wanted: list or count"},
	roleLanguage: {"language of the request", "its language", "llengua", "idioma"},
	roleEcho:     {"the request itself", "the same text again", "el text tal com és", "el texto tal cual"},
	roleNote:     {"remark", "a note, if a number is wanted", "observació", "observación"},
	roleOther:    {"price", "phone", "rating", "size in metres", "preu", "tamaño"},
}

// slot is a key of the skeleton with its role, in a group or (0) in none.
type slot struct {
	key   string
	role  role
	group int
}

// schema is a skeleton: slots, some of them gathered in groups, with the conventions for values.
type schema struct {
	slots     []slot
	groups    [3]string // keys of the objects that hold the slots of group 1 and 2
	makerKeys []string  // kind, name, origin, kind of origin, as many as there are; only the name when of length one
	years     yearForm
	codes     [3]string // names of the languages
	ask       [2]string // codes for list and count
	reaches   [3]string // codes for a town, a country, another place
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

// samples shows how periods are written.
func (f yearForm) samples(s source) string {
	from := 1950 + s.IntN(70)
	var shown []string
	for _, kind := range []string{"in", "between", "since", "until", "after", "before"} {
		shown = append(shown, f.write(period{kind: kind, from: from, to: from + 3}))
	}
	return strings.Join(shown, ", ")
}

// schema draws a skeleton. Which roles it has varies as much as their names.
func (s source) schema() schema {
	rate := [roleCount]float64{roleThing: .3, roleSeries: .4, roleQuality: .4, rolePeriod: .7, rolePlace: .7, roleReach: .2, roleMakers: .7,
		roleSubject: .9, roleRestated: .4, roleAsk: .2, roleLanguage: .4, roleEcho: .35, roleNote: .15, roleOther: .3}
	var roles []role
	for r := range roleCount {
		if s.chance(rate[r]) {
			roles = append(roles, r)
		}
	}
	if len(roles) == 0 {
		roles = []role{roleSubject}
	}
	s.Shuffle(len(roles), func(i, j int) { roles[i], roles[j] = roles[j], roles[i] })
	sc := s.skeleton(roles, s.key)
	sc.style = style{indent: pick(s, []int{2, 2, 2, 2, 0, 1})}
	if s.chance(.5) {
		for i, sl := range sc.slots {
			switch sl.role {
			case rolePlace, rolePeriod, roleQuality, roleOther, roleThing, roleSeries:
				if s.chance(.7) {
					sc.slots[i].group = 1
				}
			}
		}
	}
	return sc
}

// skeleton gives roles their keys and draws the conventions.
func (s source) skeleton(roles []role, key func() string) schema {
	keys := s.different(len(roles)+6, key)
	sc := schema{
		years: pick(s, yearForms), codes: pick(s, codes), reaches: pick(s, [][3]string{{"town", "country", "area"}, {"T", "C", "A"}, {"poble", "país", "zona"}}),
		ask: pick(s, [][2]string{{"list", "count"}, {"which", "how_many"}, {"L", "N"}}), style: style{indent: 2},
	}
	for i, r := range roles {
		sc.slots = append(sc.slots, slot{key: keys[i], role: r})
	}
	keys = keys[len(roles):]
	sc.groups = [3]string{1: keys[0], 2: keys[1]}
	sc.makerKeys = keys[2 : 2+pick(s, []int{1, 3, 3, 4, 4})]
	return sc
}

// known draws one of the skeletons that come again and again, of a size from 0, one or two plain
// fields, to 2, everything there is in two groups.
func (s source) known(size int) schema {
	plain := []role{roleSubject, rolePeriod, rolePlace, roleSeries, roleMakers, roleQuality, roleLanguage, roleRestated, roleReach}
	simple := func() string { return pick(s, keyWords) }
	switch size {
	case 0:
		s.Shuffle(len(plain), func(i, j int) { plain[i], plain[j] = plain[j], plain[i] })
		return s.skeleton(plain[:1+s.IntN(2)], simple)
	case 1:
		roles := append(plain, roleEcho, roleOther)
		s.Shuffle(len(roles), func(i, j int) { roles[i], roles[j] = roles[j], roles[i] })
		sc := s.skeleton(roles[:4+s.IntN(2)], simple)
		for i, sl := range sc.slots {
			if sl.role != roleMakers && s.chance(.3) {
				sc.slots[i].group = 1
			}
		}
		return sc
	}
	first := []role{roleSeries, roleQuality, rolePeriod, rolePlace, roleReach}
	middle := []role{roleMakers, roleSubject, roleRestated}
	last := []role{roleLanguage, roleEcho, roleNote}
	for _, part := range [][]role{first, middle, last} {
		if s.chance(.6) {
			s.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
		}
	}
	sc := s.skeleton(append(append(first, middle...), last...), simple)
	for i := range sc.slots {
		switch {
		case i < len(first):
			sc.slots[i].group = 1
		case i >= len(first)+len(middle) && s.chance(.8):
			sc.slots[i].group = 2
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
		if sl.group > 0 {
			key = sc.groups[sl.group] + "." + key
		}
		line := key + between + pick(s, describedAs[sl.role])
		switch sl.role {
		case rolePeriod:
			line += "; " + sc.years.samples(s)
		case roleMakers:
			line += " (" + strings.Join(sc.makerKeys, ", ") + ")"
		case roleLanguage:
			line += ": " + strings.Join(sc.codes[:], ", ")
		case roleAsk:
			line += ": " + strings.Join(sc.ask[:], ", ")
		case roleReach:
			line += ": " + strings.Join(sc.reaches[:], ", ")
		}
		lines = append(lines, line)
	}
	return opening + pick(s, []string{"\n", "\n\n"}) + strings.Join(lines, "\n")
}

// ordered are the slots as they are written: those of a group together, where the first of them stands.
func (sc schema) ordered() []slot {
	var out []slot
	var done [3]bool
	for _, sl := range sc.slots {
		if sl.group == 0 {
			out = append(out, sl)
			continue
		}
		if done[sl.group] {
			continue
		}
		done[sl.group] = true
		for _, member := range sc.slots {
			if member.group == sl.group {
				out = append(out, member)
			}
		}
	}
	return out
}
