package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// bpe is byte-pair encoding: a word becomes the tokens of its characters, and of all neighbours that form a token together
// those with the lowest rank are joined, the leftmost first, until none is left (Sennrich et al., 2016). It follows
// models/bpe of Hugging Face tokenizers; its dropout, which makes encoding random, is refused.
type bpe struct {
	*vocabulary
	merges         *mergeTable
	unk            string // "" when there is none
	unkID          int32  // -1 when there is none, or the vocabulary lacks it
	prefix, suffix string // of characters that do not begin, and that end, a word
	fuse           bool   // unknown characters in a row are one token
	fallback       bool   // an unknown character becomes the tokens of its bytes
	whole          bool   // ignore_merges: a word that is a token is that token
	bytes          [256]int32
	letters        runeIDs

	// letterBytes: the text comes as bytes that stand for their letters, see byteLevel.lazy. spaces: a space in the text
	// stands for ▁.
	letterBytes, spaces bool
	byteIDs             [256]int32 // the ids of the letters of the bytes

	cuts   *cutTable // nil when words must stay whole
	widths []int16   // bytes of text that a token covers, -1 where that is not known from the id
}

func readBPE(keys map[string]json.RawMessage) (*bpe, error) {
	m := &bpe{}
	var dropout float64
	for _, err := range []error{
		option(keys, "dropout", &dropout), option(keys, "unk_token", &m.unk), option(keys, "continuing_subword_prefix", &m.prefix),
		option(keys, "end_of_word_suffix", &m.suffix), option(keys, "fuse_unk", &m.fuse),
		option(keys, "byte_fallback", &m.fallback), option(keys, "ignore_merges", &m.whole),
	} {
		if err != nil {
			return nil, err
		}
	}
	if dropout != 0 {
		return nil, fmt.Errorf("dropout is %v: encoding at random is not supported; set it to null", dropout)
	}
	var err error
	if m.vocabulary, err = readVocabulary(&jsonScanner{data: keys["vocab"]}); err != nil {
		return nil, fmt.Errorf("vocab: %w", err)
	}
	if m.merges, err = readMerges(&jsonScanner{data: keys["merges"]}, m.vocabulary, len(m.prefix)); err != nil {
		return nil, fmt.Errorf("merges: %w", err)
	}
	m.prepare()
	return m, nil
}

// prepare derives the tables from what the file says.
func (m *bpe) prepare() {
	m.unkID = -1
	if id, ok := m.id(m.unk); ok && m.unk != "" {
		m.unkID = id
	}
	for b := range m.bytes {
		m.bytes[b], m.byteIDs[b] = -1, -1
		if id, ok := m.id(fmt.Sprintf("<0x%02X>", b)); ok {
			m.bytes[b] = id
		}
		if id, ok := m.id(string(byteLetter[b])); ok {
			m.byteIDs[b] = id
		}
	}
	m.letters = newRuneIDs(m.vocabulary)
	m.measure()
	m.cuts = m.findCuts()
}

// appendIDs implements model.
func (m *bpe) appendIDs(w *worker, ids []int32, text []byte) ([]int32, error) {
	if m.cuts == nil || m.letterBytes && len(text) <= maxUncut {
		return m.word(w, ids, text)
	}
	first := len(ids)
	for start := 0; start < len(text); {
		end := m.cuts.next(text, start)
		at := len(ids)
		var err error
		if ids, err = m.word(w, ids, text[start:end]); err != nil {
			return ids, err
		}
		if m.cuts.fuse && at > first && at < len(ids) && ids[at] == m.unkID && ids[at-1] == m.unkID {
			ids = append(ids[:at], ids[at+1:]...) // unknown characters on both sides of a cut are one token
		}
		start = end
	}
	return ids, nil
}

// maxUncut is the length up to which a byte-level word goes to the cache as it is.
const maxUncut = 48

// word encodes a stretch that has no cuts, from the cache when it has been seen.
func (m *bpe) word(w *worker, ids []int32, text []byte) ([]int32, error) {
	if found, ok := w.cache.get(ids, text); ok {
		return found, nil
	}
	if m.whole {
		if id, ok := m.wholeWord(w, text); ok {
			w.cache.put(text, []int32{id})
			return append(ids, id), nil
		}
	}
	if err := m.symbols(&w.merge, text); err != nil {
		return ids, err
	}
	w.merge.join(m.merges)
	w.cache.put(text, w.merge.ids)
	return append(ids, w.merge.ids...), nil
}

// wholeWord finds a word that is a token.
func (m *bpe) wholeWord(w *worker, text []byte) (int32, bool) {
	if !m.letterBytes {
		return m.idOf(text)
	}
	letters := w.text[:0]
	for _, b := range text {
		letters = utf8.AppendRune(letters, byteLetter[b])
	}
	w.text = letters
	return m.idOf(letters)
}

// appendTokens implements model.
func (m *bpe) appendTokens(w *worker, tokens []token, text []byte) ([]token, error) {
	if m.whole {
		if id, ok := m.wholeWord(w, text); ok {
			return append(tokens, token{id: id, end: len(text)}), nil
		}
	}
	first := len(tokens)
	for start := 0; start < len(text); {
		end := len(text)
		if m.cuts != nil && (!m.letterBytes || len(text) > maxUncut) {
			end = m.cuts.next(text, start)
		}
		at := len(tokens)
		var err error
		if tokens, err = m.wordTokens(w, tokens, text, start, end); err != nil {
			return tokens, err
		}
		if m.cuts != nil && m.cuts.fuse && at > first && at < len(tokens) && tokens[at].id == m.unkID && tokens[at-1].id == m.unkID {
			tokens[at-1].end = tokens[at].end
			tokens = append(tokens[:at], tokens[at+1:]...)
		}
		start = end
	}
	return tokens, nil
}

// wordTokens is word with the places of the tokens: they follow from the ids, but for unknown characters and affixes, for
// which the merging is done again.
func (m *bpe) wordTokens(w *worker, tokens []token, text []byte, start, end int) ([]token, error) {
	word := text[start:end]
	if m.prefix == "" && m.suffix == "" {
		ids, err := m.word(w, w.ids[:0], word)
		w.ids = ids
		if err != nil {
			return tokens, err
		}
		at, first, known := start, len(tokens), true
		literal := m.spaces && bytes.Contains(word, []byte(mark))
		for _, id := range ids {
			width := -1
			if int(id) < len(m.widths) {
				width = int(m.widths[id])
			}
			if known = width >= 0 && !literal; !known {
				break
			}
			tokens = append(tokens, token{id: id, start: at, end: at + width})
			at += width
		}
		if known && at == end {
			return tokens, nil
		}
		tokens = tokens[:first]
	}
	if err := m.symbols(&w.merge, word); err != nil {
		return tokens, err
	}
	w.merge.join(m.merges)
	for i, id := range w.merge.ids {
		length := int(w.merge.lengths[i])
		tokens = append(tokens, token{id: id, start: start, end: start + length})
		start += length
	}
	return tokens, nil
}

// mark is SentencePiece's visible space.
const mark = "▁"

// measure fills widths.
func (m *bpe) measure() {
	highest := int32(-1)
	for _, e := range m.entries {
		highest = max(highest, e.id)
	}
	if m.sparse != nil {
		return
	}
	m.widths = make([]int16, highest+1)
	for i := range m.widths {
		m.widths[i] = -1
	}
	for _, e := range m.entries {
		text := m.blob[e.start:e.end]
		width := len(text)
		switch {
		case m.letterBytes:
			width = utf8.RuneCountInString(text)
		case m.spaces:
			width -= (len(mark) - 1) * strings.Count(text, mark)
		}
		if width < 1<<15 {
			m.widths[e.id] = int16(width)
		}
	}
	if m.fallback && !m.letterBytes {
		for _, id := range m.bytes {
			if id >= 0 {
				m.widths[id] = 1
			}
		}
	}
	if m.unkID >= 0 {
		m.widths[m.unkID] = -1
	}
}
