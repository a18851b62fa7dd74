package tokenizer

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// wordPiece is BERT's model: a word is cut from the left into the longest tokens that fit, those behind the first with a
// prefix; a word that cannot be cut, or is too long, is unknown as a whole.
type wordPiece struct {
	*vocabulary
	unk      string
	prefix   string
	maxChars int
}

func readWordPiece(keys map[string]json.RawMessage) (*wordPiece, error) {
	m := &wordPiece{}
	for _, err := range []error{
		option(keys, "unk_token", &m.unk), option(keys, "continuing_subword_prefix", &m.prefix),
		option(keys, "max_input_chars_per_word", &m.maxChars),
	} {
		if err != nil {
			return nil, err
		}
	}
	var err error
	if m.vocabulary, err = readVocabulary(&jsonScanner{data: keys["vocab"]}); err != nil {
		return nil, fmt.Errorf("vocab: %w", err)
	}
	return m, nil
}

func (m *wordPiece) appendIDs(w *worker, ids []int32, text []byte) ([]int32, error) {
	if found, ok := w.cache.get(ids, text); ok {
		return found, nil
	}
	tokens, err := m.appendTokens(w, w.tokens[:0], text)
	w.tokens = tokens
	if err != nil {
		return ids, err
	}
	first := len(ids)
	for _, t := range tokens {
		ids = append(ids, t.id)
	}
	w.cache.put(text, ids[first:])
	return ids, nil
}

func (m *wordPiece) appendTokens(w *worker, tokens []token, text []byte) ([]token, error) {
	first := len(tokens)
	start := 0
	if utf8.RuneCount(text) > m.maxChars {
		start = -1
	}
	for start >= 0 && start < len(text) {
		candidate := w.text[:0]
		if start > 0 {
			candidate = append(candidate, m.prefix...)
		}
		candidate = append(candidate, text[start:]...)
		w.text = candidate
		end := len(text)
		for end > start {
			if id, ok := m.idOf(candidate); ok {
				tokens = append(tokens, token{id: id, start: start, end: end})
				break
			}
			_, size := utf8.DecodeLastRune(candidate)
			candidate = candidate[:len(candidate)-size]
			end -= size
		}
		if end <= start {
			start = -1
			break
		}
		start = end
	}
	if start >= 0 {
		return tokens, nil
	}
	id, ok := m.id(m.unk)
	if !ok {
		return tokens[:first], fmt.Errorf("the unknown token %q is not in the vocabulary", m.unk)
	}
	return append(tokens[:first], token{id: id, end: len(text)}), nil
}

// wordLevel knows whole words only.
type wordLevel struct {
	*vocabulary
	unk string
}

func readWordLevel(keys map[string]json.RawMessage) (*wordLevel, error) {
	m := &wordLevel{}
	if err := option(keys, "unk_token", &m.unk); err != nil {
		return nil, err
	}
	var err error
	if m.vocabulary, err = readVocabulary(&jsonScanner{data: keys["vocab"]}); err != nil {
		return nil, fmt.Errorf("vocab: %w", err)
	}
	return m, nil
}

func (m *wordLevel) find(text []byte) (int32, error) {
	if id, ok := m.idOf(text); ok {
		return id, nil
	}
	if id, ok := m.id(m.unk); ok {
		return id, nil
	}
	return 0, fmt.Errorf("the word %q is not in the vocabulary, nor is the unknown token %q", text, m.unk)
}

func (m *wordLevel) appendIDs(_ *worker, ids []int32, text []byte) ([]int32, error) {
	id, err := m.find(text)
	if err != nil {
		return ids, err
	}
	return append(ids, id), nil
}

func (m *wordLevel) appendTokens(_ *worker, tokens []token, text []byte) ([]token, error) {
	id, err := m.find(text)
	if err != nil {
		return tokens, err
	}
	return append(tokens, token{id: id, end: len(text)}), nil
}
