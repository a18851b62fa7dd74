package pretrain

import (
	"strings"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Example is one line of the stream. A conversation is trained on its last
// message; Copied lists what that message must repeat from the others, for
// measuring. A random repeat has token ids in place of messages: the first
// Given of them are not trained on.
type Example struct {
	Task     string    `json:"task"`
	Messages []Message `json:"messages,omitempty"`
	Copied   []string  `json:"copied,omitempty"`
	IDs      []int     `json:"ids,omitempty"`
	Given    int       `json:"given,omitempty"`
}

func conversation(task, system, user, assistant string, copied ...string) Example {
	messages := []Message{{"user", user}, {"assistant", assistant}}
	if system != "" {
		messages = append([]Message{{"system", system}}, messages...)
	}
	return Example{Task: task, Messages: messages, Copied: copied}
}

// form is a skeleton with the prompt that describes it, and a short one that only names it.
type form struct {
	schema       schema
	name, prompt string
}

func (s source) form(sc schema) form {
	return form{schema: sc, name: title(s.coined(pick(s, languages))) + " " + s.coined(pick(s, languages)), prompt: s.prompt(sc)}
}

// extract is a request with its fields as JSON, behind a prompt.
func (s source) extract(sc schema, prompt string) Example {
	q := s.request(pick(s, languages))
	text := s.words(q, false)
	answer, copied := s.answer(q, sc, text)
	return conversation("extract", prompt, text, sc.style.write(answer), copied...)
}

// answer fills the skeleton.
func (s source) answer(q request, sc schema, text string) (object, []string) {
	var copied []string
	repeat := func(v string) any {
		if v == "" {
			return nil
		}
		copied = append(copied, v)
		return v
	}
	value := func(r role) any {
		switch r {
		case roleThing:
			return things[q.lang][q.thing]
		case roleSeries:
			return repeat(q.series)
		case roleSubject:
			return repeat(q.subject)
		case rolePlace:
			return repeat(q.place.name)
		case roleReach:
			if q.place.name != "" {
				return sc.reaches[q.place.reach]
			}
		case rolePeriod:
			if q.period.kind != "" {
				return sc.years.write(q.period)
			}
		case roleQuality:
			if q.quality >= 0 {
				return qualities[q.quality].code
			}
		case roleMakers:
			people := list{}
			for _, m := range q.makers {
				people = append(people, m.fields(sc, repeat))
			}
			return people
		case roleAsk:
			if q.count {
				return sc.ask[1]
			}
			return sc.ask[0]
		case roleNote:
			if q.count {
				return numberWanted[q.lang]
			}
		case roleLanguage:
			return sc.codes[q.lang]
		case roleEcho:
			return repeat(text)
		case roleRestated:
			return s.words(q, true)
		}
		return nil
	}
	var out object
	var groups [3]object
	at := [3]int{-1, -1, -1}
	for _, sl := range sc.ordered() {
		f := field{sl.key, value(sl.role)}
		g := sl.group
		if g == 0 {
			out = append(out, f)
			continue
		}
		if at[g] < 0 {
			at[g], out = len(out), append(out, field{key: sc.groups[g]})
		}
		groups[g] = append(groups[g], f)
		out[at[g]].value = groups[g]
	}
	return out, copied
}

// fields are the maker under the skeleton's keys: the name alone, or kind, name, origin and kind of origin.
func (m maker) fields(sc schema, repeat func(string) any) any {
	var kind, origin, reach any
	if m.code != "" {
		kind = m.code
	}
	if m.from.name != "" {
		origin, reach = m.from.name, sc.reaches[m.from.reach]
	}
	if len(sc.makerKeys) == 1 {
		if m.name == "" {
			return object{{sc.makerKeys[0], kind}}
		}
		return object{{sc.makerKeys[0], repeat(m.name)}}
	}
	values := []any{kind, repeat(m.name), origin, reach}
	var o object
	for i, key := range sc.makerKeys {
		o = append(o, field{key, values[i]})
	}
	return o
}

// restate says a request in plain words.
func (s source) restate() Example {
	q := s.request(pick(s, languages))
	system := pick(s, []string{"Restate the request in plain words.", "Digues-ho amb paraules planeres.", "Dilo con palabras llanas."})
	return conversation("restate", system, s.words(q, false), s.words(q, true))
}

// identify tells the language of a request.
func (s source) identify() Example {
	q := s.request(pick(s, languages))
	names := pick(s, codes)
	system := pick(s, []string{"Which language is it?", "En quina llengua és?", "¿En qué idioma está?"}) + " " + strings.Join(names[:], ", ")
	return conversation("identify", system, s.words(q, false), names[q.lang])
}

// copying repeats a text, or the part of it that is asked for.
func (s source) copying() Example {
	lang := pick(s, languages)
	var lines []string
	for range 1 + s.IntN(5) {
		lines = append(lines, s.line(lang))
	}
	text := strings.Join(lines, "\n")
	switch s.IntN(4) {
	case 0: // all of it
		return conversation("copy", pick(s, []string{"Repeat the text.", "Repeteix el text.", "Repite el texto."}), text, text, text)
	case 1: // as the value of a key, with what JSON wants escaped
		key := s.key()
		return conversation("copy", "JSON, "+key, text, style{}.write(object{{key, text}}), text)
	case 2: // the line that begins with a word
		line := pick(s, lines)
		first, _, _ := strings.Cut(line, " ")
		return conversation("copy", pick(s, []string{"The line that begins with ", "La línia que comença amb ", "La línea que empieza por "})+first, text, line, line)
	default: // by key
		keys := s.different(len(lines), s.key)
		given, wanted := "", s.IntN(len(lines))
		for i, line := range lines {
			given += keys[i] + ": " + line + "\n"
		}
		return conversation("copy", keys[wanted], strings.TrimSpace(given), lines[wanted], lines[wanted])
	}
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
