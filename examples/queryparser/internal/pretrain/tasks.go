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
