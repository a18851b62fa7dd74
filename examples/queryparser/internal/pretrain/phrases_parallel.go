package pretrain

// Parallel is a noun phrase of everyday words in two languages, or twice in one, the second time inside a request.
type Parallel struct{ Query, Passage string }

// Parallel draws a phrase. The tables of nouns, adjectives and things have one word in the three languages at each place.
func (st *Stream) Parallel() Parallel {
	s := st.s
	asked, told := pick(s, languages), pick(s, languages)
	nouns := [2]int{s.IntN(len(nouns[0])), s.IntN(len(nouns[0]))}
	adjective, kind, joined := s.IntN(len(adjectives[0])), s.IntN(4), s.IntN(2)
	q := s.request(told)
	q.subject = parallel(told, kind, joined, nouns, adjective)
	return Parallel{parallel(asked, kind, joined, nouns, adjective), s.words(q, false)}
}

// parallel writes the phrase: a noun, a noun with an adjective, or two nouns.
func parallel(lang language, kind, joined int, at [2]int, adjective int) string {
	one, other, word := nouns[lang][at[0]], nouns[lang][at[1]], adjectives[lang][adjective]
	switch {
	case kind == 0:
		return one
	case kind == 1 && lang == english:
		return word + " " + one
	case kind == 1:
		return one + " " + word
	case joined == 0:
		return one + [3]string{" i ", " y ", " and "}[lang] + other
	}
	return insert(lang, one+[3]string{" per a X", " para X", " for X"}[lang], other)
}
