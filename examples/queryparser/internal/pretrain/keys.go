package pretrain

import "strings"

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

// different draws n different names.
func (s source) different(n int, draw func() string) []string {
	var names []string
	used := map[string]bool{}
	for len(names) < n {
		if k := draw(); !used[k] {
			used[k] = true
			names = append(names, k)
		}
	}
	return names
}
