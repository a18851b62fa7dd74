package tokenizer

import "unicode/utf8"

// pieces runs a text through everything before the model. The pieces are valid until w is given back.
func (t *Tokenizer) pieces(w *worker, text string) ([]piece, error) {
	raw := piece{text: w.original(text), token: -1}
	cut := t.added.extract(&t.added.raw, raw, w.pieces[0][:0])
	w.pieces[0] = cut
	if t.normalizer == nil && t.added.cooked.empty() && t.preTokenizer == nil {
		return cut, nil
	}
	out := w.pieces[1][:0]
	for i := range cut {
		p := &cut[i]
		if p.token >= 0 {
			out = append(out, *p)
			continue
		}
		if t.normalizer != nil {
			if err := t.normalizer.normalize(w, p); err != nil {
				return nil, err
			}
		}
		var err error
		if t.added.cooked.empty() {
			*p = p.cut(0, len(p.text))
			if out, err = t.words(w, p, out); err != nil {
				return nil, err
			}
			continue
		}
		for _, part := range t.added.extract(&t.added.cooked, *p, nil) {
			if out, err = t.words(w, &part, out); err != nil {
				return nil, err
			}
		}
	}
	w.pieces[1] = out
	return out, nil
}

// words cuts a piece into words.
func (t *Tokenizer) words(w *worker, p *piece, out []piece) ([]piece, error) {
	switch {
	case len(p.text) == 0:
		return out, nil
	case p.token >= 0 || t.preTokenizer == nil:
		return append(out, *p), nil
	}
	return t.preTokenizer.split(w, p, out)
}

// original copies a text into the worker and repairs it: each maximal part that is no UTF-8 becomes one U+FFFD, as
// Unicode and Python have it.
func (w *worker) original(text string) []byte {
	if utf8.ValidString(text) {
		if cap(w.slab)-len(w.slab) < len(text) {
			w.slab = make([]byte, 0, max(3*len(text), 1<<12))
		}
		at := len(w.slab)
		w.slab = append(w.slab, text...)
		return w.slab[at:len(w.slab):len(w.slab)]
	}
	return w.keep(repaired(nil, []byte(text)))
}
