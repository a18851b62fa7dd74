package tokenizer

import "unicode/utf8"

// A piece is a section of the text on its way through the stages. The names and the arithmetic are those of
// NormalizedString and PreTokenizedString in Hugging Face tokenizers, whose results decide the offsets; positions in the
// original are absolute here, so cutting a piece copies nothing.
type piece struct {
	text []byte // as normalised so far
	// spans holds, for each byte of text, the bytes of the original that it came from. It is nil while the text is the
	// original itself, and nil throughout when only ids are wanted.
	spans []span
	orig  int   // where this piece begins in the original
	token int32 // the added token that this piece is, or -1
}

// span is a range of bytes of the original text.
type span struct{ from, to int32 }

// cut is the part of p from byte a to byte b of its normalised text.
func (p *piece) cut(a, b int) piece {
	part := piece{text: p.text[a:b:b], orig: p.orig + a, token: -1}
	if p.spans != nil {
		part.spans = p.spans[a:b:b]
		if a < b {
			part.orig = int(p.spans[a].from)
		}
	}
	return part
}

// align gives p its spans when it is still the original text.
func (p *piece) align(w *worker) {
	if p.spans != nil || !w.track {
		return
	}
	spans := w.newSpans(len(p.text))
	for i := 0; i < len(p.text); {
		if p.text[i] < utf8.RuneSelf {
			spans = append(spans, span{int32(p.orig + i), int32(p.orig + i + 1)})
			i++
			continue
		}
		_, size := utf8.DecodeRune(p.text[i:])
		whole := span{int32(p.orig + i), int32(p.orig + i + size)}
		for range size {
			spans = append(spans, whole)
		}
		i += size
	}
	p.spans = spans
}

// original converts the bytes from a to b of the normalised text into a range of the original.
func (p *piece) original(a, b int) span {
	if a >= b || b > len(p.text) { // an empty range stays as it is, as upstream
		if a == b {
			return span{int32(p.orig + a), int32(p.orig + b)}
		}
		return span{int32(a), int32(b)}
	}
	if p.spans != nil {
		return span{p.spans[a].from, p.spans[b-1].to}
	}
	for a > 0 && !utf8.RuneStart(p.text[a]) { // a byte of a character stands for the whole of it
		a--
	}
	for b < len(p.text) && !utf8.RuneStart(p.text[b]) {
		b++
	}
	return span{int32(p.orig + a), int32(p.orig + b)}
}

// edit is one character of a new text. change is 0 for a character that takes the place of the next one, 1 for one that
// is added, and -n for one that takes the place of the next one and of the n behind it.
type edit struct {
	r      rune
	change int32
}

// rewrite replaces the text of p by the edits; the first skip characters are dropped before them.
func (p *piece) rewrite(w *worker, edits []edit, skip int) {
	p.align(w)
	start := 0
	if p.spans != nil {
		if len(p.text) == 0 {
			return
		}
		// A leading part that stands for no original byte (it was put in by an empty match) is left alone.
		for start < len(p.text) && p.spans[start].from == p.spans[start].to {
			start++
		}
	}
	text := append(w.text[:0], p.text[:start]...)
	if p.spans == nil {
		for _, e := range edits {
			text = utf8.AppendRune(text, e.r)
		}
		w.text = text
		p.text = w.keep(text)
		return
	}
	spans := append(w.newSpans(len(p.text)+len(edits)/8+16), p.spans[:start]...) // more goes to the heap
	at := start
	pass := func(n int) {
		for ; n > 0 && at < len(p.text); n-- {
			_, size := utf8.DecodeRune(p.text[at:])
			at += size
		}
	}
	pass(skip)
	for _, e := range edits {
		from := span{int32(p.orig), int32(p.orig)}
		switch {
		case e.change > 0:
			if at > 0 {
				from = p.spans[at-1]
			}
		default:
			from = p.spans[min(at, len(p.spans)-1)]
			pass(1 - int(e.change))
		}
		before := len(text)
		text = utf8.AppendRune(text, e.r)
		for range len(text) - before {
			spans = append(spans, from)
		}
	}
	w.text = text
	p.text, p.spans = w.keep(text), spans
}

// prepend puts s before the text; its characters come from the first one's original.
func (p *piece) prepend(w *worker, s string) {
	if len(p.text) == 0 {
		return
	}
	p.align(w)
	text := append(append(w.text[:0], s...), p.text...)
	if p.spans != nil {
		spans := w.newSpans(len(text))
		for range len(s) {
			spans = append(spans, p.spans[0])
		}
		p.spans = append(spans, p.spans...)
	}
	w.text = text
	p.text = w.keep(text)
}

// replaced puts content in the place of each match; its bytes come from the last byte of the match.
func (p *piece) replaced(w *worker, matches []event, content string) {
	p.align(w)
	text := w.text[:0]
	var spans []span
	if p.spans != nil {
		spans = w.newSpans(len(p.spans) + len(matches)*len(content))
	}
	for _, m := range matches {
		if !m.match {
			text = append(text, p.text[m.start:m.end]...)
			if p.spans != nil {
				spans = append(spans, p.spans[m.start:m.end]...)
			}
			continue
		}
		text = append(text, content...)
		if p.spans != nil {
			from := span{int32(p.orig), int32(p.orig)}
			if m.end > 0 {
				from = p.spans[m.end-1]
			}
			for range len(content) {
				spans = append(spans, from)
			}
		}
	}
	w.text = text
	p.text, p.spans = w.keep(text), spans
}
