package jinja

// Strings that know where they come from.

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is a string. Pieces of it may have an origin.
type Text struct {
	S    string
	from []Piece // sorted by Start, not overlapping, not empty
	// markup is what the filters safe and escape make: Python's Markup, which
	// escapes plain strings that are added to it.
	markup bool
}

// A Piece is a stretch of bytes of a text and who wrote it: a positive number
// that the caller of [Template.Render] chose.
type Piece struct{ Start, End, Who int }

// Of makes a text that was written by who; 0 stands for nobody.
func Of(s string, who int) Text {
	if who == 0 || s == "" {
		return Text{S: s}
	}
	return Text{S: s, from: []Piece{{0, len(s), who}}}
}

func plain(s string) Text { return Text{S: s} }

// Pieces lists the stretches that have an origin, in order.
func (t Text) Pieces() []Piece { return t.from }

// cut is the bytes from start to end.
func (t Text) cut(start, end int) Text {
	out := Text{S: t.S[start:end], markup: t.markup}
	for _, p := range t.from {
		if a, b := max(p.Start, start), min(p.End, end); a < b {
			out.from = append(out.from, Piece{a - start, b - start, p.Who})
		}
	}
	return out
}

// as gives a text made from t by a change that has no bytes in common with it
// (or none that can be followed): when one author wrote some of t, all of it.
func (t Text) as(s string) Text {
	out := Of(s, t.author())
	out.markup = t.markup
	return out
}

// author is who wrote t; 0 when nobody or several did.
func (t Text) author() int {
	who := 0
	for _, p := range t.from {
		if who != 0 && p.Who != who {
			return 0
		}
		who = p.Who
	}
	return who
}

// same gives t with other bytes of the same number and places.
func (t Text) same(s string) Text {
	if len(s) != len(t.S) {
		return t.as(s)
	}
	return Text{s, t.from, t.markup}
}

// builder joins texts.
type builder struct {
	b    strings.Builder
	from []Piece
}

func (b *builder) add(t Text) {
	at := b.b.Len()
	b.b.WriteString(t.S)
	for _, p := range t.from {
		p.Start, p.End = p.Start+at, p.End+at
		if n := len(b.from); n > 0 && b.from[n-1].End == p.Start && b.from[n-1].Who == p.Who {
			b.from[n-1].End = p.End
		} else {
			b.from = append(b.from, p)
		}
	}
}

func (b *builder) addString(s string) { b.b.WriteString(s) }
func (b *builder) len() int           { return b.b.Len() }
func (b *builder) text() Text         { return Text{S: b.b.String(), from: b.from} }

func concat(texts ...Text) Text {
	var b builder
	size := 0
	for _, t := range texts {
		size += len(t.S)
	}
	b.b.Grow(size)
	for _, t := range texts {
		b.add(t)
	}
	return b.text()
}

// safe marks a text as markup.
func (t Text) safe() Text {
	t.markup = true
	return t
}

var htmlEscapes = map[rune]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\'': "&#39;", '"': "&#34;"}

// escaped makes markup of a text: escaped, unless it is markup already.
func (t Text) escaped() Text {
	if t.markup {
		return t
	}
	var b builder
	done := 0
	for i, r := range t.S {
		if text, special := htmlEscapes[r]; special {
			b.add(t.cut(done, i))
			b.add(t.cut(i, i+1).as(text))
			done = i + 1
		}
	}
	b.add(t.cut(done, len(t.S)))
	return b.text().safe()
}

// like makes other what it becomes when it is joined to t by a method or
// operator of strings: escaped, if t is markup.
func (t Text) like(other Text) Text {
	if t.markup {
		return other.escaped()
	}
	return other
}

// plus is a + b of strings.
func plus(a, b Text) Text {
	if !a.markup && !b.markup {
		return concat(a, b)
	}
	return concat(a.escaped(), b.escaped()).safe()
}

// isSpace is Python's str.isspace for one character.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// strip removes characters from the ends: white space when chars is nil.
func (t Text) strip(chars *string, left, right bool) Text {
	drop := isSpace
	if chars != nil {
		drop = func(r rune) bool { return strings.ContainsRune(*chars, r) }
	}
	start, end := 0, len(t.S)
	if left {
		start = end - len(strings.TrimLeftFunc(t.S, drop))
	}
	if right {
		end = start + len(strings.TrimRightFunc(t.S[start:], drop))
	}
	return t.cut(start, end)
}

// length is the number of characters.
func (t Text) length() int { return utf8.RuneCountInString(t.S) }

// offsets are the byte places of all characters, and the length at the end; nil
// when places and characters are the same.
func (t Text) offsets() []int {
	for i := range len(t.S) {
		if t.S[i] >= utf8.RuneSelf {
			at := make([]int, 0, len(t.S)+1)
			for i := range t.S {
				at = append(at, i)
			}
			return append(at, len(t.S))
		}
	}
	return nil
}

// chars are the characters, each a text.
func (t Text) chars() []Text {
	list := make([]Text, 0, len(t.S))
	for i, r := range t.S {
		n := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, n = utf8.DecodeRuneInString(t.S[i:])
		}
		list = append(list, t.cut(i, i+n))
	}
	return list
}

// split cuts at a separator, at most limit times when limit is not negative.
func (t Text) split(sep string, limit int) (parts []Text) {
	start := 0
	for limit != 0 {
		i := strings.Index(t.S[start:], sep)
		if i < 0 {
			break
		}
		parts = append(parts, t.cut(start, start+i))
		start += i + len(sep)
		limit--
	}
	return append(parts, t.cut(start, len(t.S)))
}

// splitRight is split from the end.
func (t Text) splitRight(sep string, limit int) (parts []Text) {
	end := len(t.S)
	for limit != 0 {
		i := strings.LastIndex(t.S[:end], sep)
		if i < 0 {
			break
		}
		parts = append([]Text{t.cut(i+len(sep), end)}, parts...)
		end = i
		limit--
	}
	return append([]Text{t.cut(0, end)}, parts...)
}

// fields cuts at runs of white space, as Python's split without a separator. The
// white space at the far end stays when the limit leaves a rest.
func (t Text) fields(limit int, fromRight bool) (parts []Text) {
	rest := t.strip(nil, !fromRight, fromRight)
	for ; rest.S != "" && limit != 0; limit-- {
		if fromRight {
			i := strings.LastIndexFunc(rest.S, isSpace)
			if i < 0 {
				break
			}
			_, n := utf8.DecodeRuneInString(rest.S[i:])
			parts = keep(parts, rest.cut(i+n, len(rest.S)), true)
			rest = rest.cut(0, i).strip(nil, false, true)
		} else {
			i := strings.IndexFunc(rest.S, isSpace)
			if i < 0 {
				break
			}
			parts = keep(parts, rest.cut(0, i), false)
			rest = rest.cut(i, len(rest.S)).strip(nil, true, false)
		}
	}
	if rest.S != "" {
		parts = keep(parts, rest, fromRight)
	}
	return parts
}

func keep(parts []Text, t Text, inFront bool) []Text {
	if inFront {
		return append([]Text{t}, parts...)
	}
	return append(parts, t)
}

// replace puts new for old, at most limit times when limit is not negative.
func (t Text) replace(old string, new Text, limit int) Text {
	var b builder
	if old == "" {
		for i, c := range t.chars() {
			if limit < 0 || i < limit {
				b.add(new)
			}
			b.add(c)
		}
		if limit < 0 || t.length() < limit {
			b.add(new)
		}
		return b.text()
	}
	for i, part := range t.split(old, limit) {
		if i > 0 {
			b.add(new)
		}
		b.add(part)
	}
	return b.text()
}
