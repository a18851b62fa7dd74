package tokenizer

import "slices"

// lower replaces stages by equal ones that do less. Most BPE vocabularies want each space turned into ▁, or each byte into
// a letter, only for the model to look these up: the model can as well read the spaces and the bytes themselves, and the
// words in its cache are then as short as in the text.
func (t *Tokenizer) lower() {
	m, ok := t.model.(*bpe)
	if !ok || m.prefix != "" || m.suffix != "" || !t.added.cooked.empty() || t.mustTrack {
		return
	}
	if last := lastByteLevel(t.preTokenizer); last != nil && !slices.Contains(m.byteIDs[:], -1) {
		last.lazy = true
		if list, ok := t.preTokenizer.(preTokenizers); ok && len(list) > 1 && !last.words && !last.prefix {
			t.preTokenizer = list[:len(list)-1] // which does nothing now
			if len(list) == 2 {
				t.preTokenizer = list[0]
			}
		}
		m.letterBytes = true
		m.measure()
		m.cuts = m.findCuts()
		return
	}
	if _, ok := m.letters.find('▁'); !ok || m.whole {
		return
	}
	normalizer, spaces := withoutSpaceReplacement(t.normalizer)
	meta, isMeta := t.preTokenizer.(*metaspace)
	if isMeta && meta.mark == mark && !meta.words && (spaces || t.normalizer == nil) {
		spaces = true
	} else if t.preTokenizer != nil {
		return
	}
	// Where characters vanish or depend on their place, offsets count in the text with its marks.
	if spaces && m.cuts != nil {
		t.normalizer = normalizer
		if isMeta {
			meta.lazy = true
		}
		m.spaces = true
		m.measure()
		m.cuts = m.findCuts()
	}
}

// lastByteLevel is the ByteLevel that a pre-tokenizer ends with.
func lastByteLevel(p preTokenizer) *byteLevel {
	switch p := p.(type) {
	case *byteLevel:
		return p
	case preTokenizers:
		if len(p) > 0 {
			return lastByteLevel(p[len(p)-1])
		}
	}
	return nil
}

// withoutSpaceReplacement takes "replace spaces by ▁" from a normalizer that is that, or that behind a Prepend of ▁, or
// the other way around.
func withoutSpaceReplacement(n normalizer) (normalizer, bool) {
	isReplace := func(n normalizer) bool {
		r, ok := n.(*replaceText)
		return ok && r.pattern == literal(" ") && r.content == mark
	}
	switch list := n.(type) {
	case *replaceText:
		if isReplace(list) {
			return nil, true
		}
	case normalizers:
		if len(list) == 1 && isReplace(list[0]) {
			return nil, true
		}
		if len(list) == 2 {
			for i, other := range []int{1, 0} {
				if list[i] == normalizer(prependText(mark)) && isReplace(list[other]) {
					return prependText(" "), true
				}
			}
		}
	}
	return n, false
}

// originMatters is true when the ids depend on where the text stood in the original: for a Metaspace that puts its mark
// before the first word of all only, behind a stage that may have moved it; and behind a pattern that matches no
// characters, whose replacement stands for no part of the original.
func originMatters(n normalizer, p preTokenizer) bool {
	if matchesEmpty(n) {
		return true
	}
	moved := n != nil
	found := false
	var walk func(p preTokenizer)
	walk = func(p preTokenizer) {
		switch p := p.(type) {
		case preTokenizers:
			for _, each := range p {
				walk(each)
			}
		case *metaspace:
			found = found || p.scheme == "first" && moved
			moved = true
		case *byteLevel:
			moved = true
		}
	}
	walk(p)
	return found
}

func matchesEmpty(n normalizer) bool {
	switch n := n.(type) {
	case *replaceText:
		return n.pattern.matchesEmpty()
	case normalizers:
		return slices.ContainsFunc(n, matchesEmpty)
	}
	return false
}
