package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// character is a JSON string of exactly one character.
type character rune

func (c *character) UnmarshalText(text []byte) error {
	r, size := utf8.DecodeRune(text)
	if size == 0 || size != len(text) {
		return fmt.Errorf("%q is not one character", text)
	}
	*c = character(r)
	return nil
}

// metaspace is SentencePiece's treatment of spaces: they become a visible character, one is put before the text, and words
// begin with it.
type metaspace struct {
	mark   string // what stands for a space, ▁ as a rule
	scheme string // first, always or never: whether a mark is put before a text without one
	words  bool   // cut before each mark
	lazy   bool   // leave the spaces to the model, which reads them as marks
}

func parseMetaspace(raw json.RawMessage) (*metaspace, error) {
	file := struct {
		Replacement    character
		PrependScheme  string `json:"prepend_scheme"`
		AddPrefixSpace *bool  `json:"add_prefix_space"`
		Split          *bool
	}{PrependScheme: "always"}
	if err := decodePart(raw, &file, "replacement"); err != nil {
		return nil, err
	}
	switch file.PrependScheme {
	case "first", "always", "never":
	default:
		return nil, fmt.Errorf("unknown prepend_scheme %q", file.PrependScheme)
	}
	if file.AddPrefixSpace != nil && !*file.AddPrefixSpace && file.PrependScheme != "never" {
		return nil, fmt.Errorf("add_prefix_space is false and prepend_scheme is %q", file.PrependScheme)
	}
	return &metaspace{mark: string(rune(file.Replacement)), scheme: file.PrependScheme, words: file.Split == nil || *file.Split}, nil
}

func (m *metaspace) split(w *worker, p *piece, out []piece) ([]piece, error) {
	q := *p
	if m.lazy {
		begun := q.text[0] == ' ' || bytes.HasPrefix(q.text, []byte(m.mark))
		if !begun && (m.scheme == "always" || m.scheme == "first" && q.orig == 0) {
			q.prepend(w, " ")
		}
		return append(out, q), nil
	}
	if m.mark != " " && bytes.IndexByte(q.text, ' ') >= 0 {
		events, err := literal(" ").events(w.events[:0], q.text)
		if err != nil {
			return out, err
		}
		w.events = events
		q.replaced(w, events, m.mark)
	}
	if m.scheme == "always" || m.scheme == "first" && q.orig == 0 {
		if !bytes.HasPrefix(q.text, []byte(m.mark)) {
			q.prepend(w, m.mark)
		}
	}
	if !m.words {
		return append(out, q), nil
	}
	// Each mark begins a word: MergedWithNext on a pattern of one character. A run of marks gives one word each.
	from := 0
	for from < len(q.text) {
		next := len(m.mark)
		if !bytes.HasPrefix(q.text[from:], []byte(m.mark)) {
			next = 0
		}
		i := bytes.Index(q.text[from+next:], []byte(m.mark))
		to := len(q.text)
		if i >= 0 {
			to = from + next + i
		}
		if from < to {
			out = append(out, q.cut(from, to))
		}
		from = to
	}
	return out, nil
}
