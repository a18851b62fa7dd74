package pretrain

import "strings"

// copying repeats a text, or the part of it that is asked for.
func (s source) copying() Example {
	lang := pick(s, languages)
	var lines []string
	for range 1 + s.IntN(5) {
		lines = append(lines, s.line(lang))
	}
	text := strings.Join(lines, "\n")
	switch s.IntN(7) {
	case 0: // all of it
		return conversation("copy", pick(s, []string{"Repeat the text.", "Repeteix el text.", "Repite el texto."}), text, text, text)
	case 1: // as the value of a key, with what JSON wants escaped
		key := s.key()
		return conversation("copy", "JSON, "+key, text, style{}.write(object{{key, text}}), text)
	case 2: // the line that begins with a word
		line := pick(s, lines)
		first, _, _ := strings.Cut(line, " ")
		return conversation("copy", pick(s, []string{"The line that begins with ", "La línia que comença amb ", "La línea que empieza por "})+first, text, line, line)
	case 3: // by key
		keys := s.different(len(lines), s.key)
		given, wanted := "", s.IntN(len(lines))
		for i, line := range lines {
			given += keys[i] + ": " + line + "\n"
		}
		return conversation("copy", keys[wanted], strings.TrimSpace(given), lines[wanted], lines[wanted])
	case 4: // a request, as the value of a key
		key, asked := s.key(), s.words(s.request(lang), false)
		return conversation("copy", "JSON, "+key, asked, style{indent: 2}.write(object{{key, asked}}), asked)
	default:
		return s.fields(lang)
	}
}

// fields makes JSON of fields that are all given: a text, and phrases that stand in it as well. What was written last goes on
// differently in the text and in each of the phrases: a copy has to keep to the one it began with.
func (s source) fields(lang language) Example {
	text := s.words(s.request(lang), false)
	if s.chance(.5) {
		text = s.line(lang) + " " + s.line(lang) + " " + s.line(lang)
	}
	words := strings.Split(text, " ")
	values := []string{text}
	for range 1 + s.IntN(4) {
		from := s.IntN(len(words))
		values = append(values, strings.Join(words[from:min(len(words), from+1+s.IntN(5))], " "))
	}
	s.shuffle(values)
	keys := s.different(len(values)+1, s.key)
	order := s.Perm(len(values))
	if s.chance(.5) { // as they stand
		for i := range order {
			order[i] = i
		}
	}
	var given []string
	var out, inner object
	for i, v := range values {
		given = append(given, keys[i]+": "+v)
	}
	for _, i := range order {
		inner = append(inner, field{keys[i], values[i]})
	}
	out = inner
	if s.chance(.5) { // some of them in a group
		cut := s.IntN(len(inner))
		out = append(append(object{}, inner[:cut]...), field{keys[len(values)], inner[cut:]})
	}
	asked := "JSON: " + strings.Join(keys[:len(values)], ", ")
	if s.chance(.5) {
		asked = "JSON"
	}
	return conversation("copy", asked, strings.Join(given, "\n"), style{indent: 2}.write(out), values...)
}

// line is some words of any sort.
func (s source) line(lang language) string {
	var words []string
	for range 1 + s.IntN(7) {
		switch s.IntN(8) {
		case 0:
			words = append(words, s.proper())
		case 1:
			words = append(words, s.acronym())
		case 2:
			words = append(words, s.described(lang))
		case 3:
			words = append(words, string(rune('0'+s.IntN(10)))+string(rune('0'+s.IntN(10))))
		default:
			words = append(words, s.noun(lang))
		}
	}
	return strings.Join(words, " ")
}

// repeatIDs is a random sequence of tokens, a separator, and the same again.
// Ids below first (special tokens and bytes are the tokenizer's) do not occur.
func (s source) repeatIDs(first, vocabulary, longest int) Example {
	n := 3 + s.IntN(longest-2)
	ids := make([]int, 0, 2*n+1)
	for range n {
		ids = append(ids, first+s.IntN(vocabulary-first))
	}
	ids = append(ids, first)
	return Example{Task: "repeat", IDs: append(ids, ids[:n]...), Given: n + 1}
}

// tangledIDs is the same of a sequence made of a few pieces over and over: what followed the last tokens elsewhere is often not
// what follows them here.
func (s source) tangledIDs(first, vocabulary int) Example {
	pieces := make([][]int, 2+s.IntN(4))
	for i := range pieces {
		for range 1 + s.IntN(5) {
			pieces[i] = append(pieces[i], first+s.IntN(vocabulary-first))
		}
	}
	var ids []int
	for range 4 + s.IntN(12) {
		ids = append(ids, pick(s, pieces)...)
		if s.chance(.5) {
			ids = append(ids, first+s.IntN(vocabulary-first))
		}
	}
	n := len(ids)
	ids = append(ids, first)
	return Example{Task: "tangle", IDs: append(ids, ids[:n]...), Given: n + 1}
}
