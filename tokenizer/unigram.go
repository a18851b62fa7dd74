package tokenizer

import (
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"unicode/utf8"
)

// unigram chooses, of all ways to write a word in tokens, the one with the largest sum of log-probabilities (Kudo, 2018),
// by Viterbi over a trie. It follows models/unigram of Hugging Face tokenizers: of equal ways the one found first stays,
// and unknown characters in a row are one token.
type unigram struct {
	*vocabulary
	scores   []float64 // by id
	trie     trie
	unkID    int32 // -1 when there is none
	fallback bool  // unknown text becomes the tokens of its bytes
	bytes    [256]int32
	unknown  float64 // the score of an unknown character
}

// unkPenalty is what an unknown character scores below the worst token.
const unkPenalty = 10.0

func readUnigram(keys map[string]json.RawMessage) (*unigram, error) {
	m := &unigram{unkID: -1}
	var unk *int32
	if err := option(keys, "unk_id", &unk); err != nil {
		return nil, err
	}
	if err := option(keys, "byte_fallback", &m.fallback); err != nil {
		return nil, err
	}
	var b vocabularyBuilder
	s := &jsonScanner{data: keys["vocab"]}
	err := s.array(func() error {
		n := 0
		err := s.array(func() error {
			if n++; n == 1 {
				text, err := s.str()
				b.add(text, int32(len(b.entries)))
				return err
			}
			score, err := s.float()
			m.scores = append(m.scores, score)
			return err
		})
		if err == nil && (n != 2 || len(m.scores) != len(b.entries)) {
			err = s.errorf("vocab[%d] is not a token and its score", len(b.entries)-1)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("vocab: %w", err)
	}
	return m, m.prepare(&b, unk)
}

// prepare derives the tables from the tokens, their scores and the id of the unknown one.
func (m *unigram) prepare(b *vocabularyBuilder, unk *int32) error {
	if unk != nil {
		if *unk < 0 || int(*unk) >= len(m.scores) {
			return fmt.Errorf("unk_id is %d and the vocabulary has %d tokens", *unk, len(m.scores))
		}
		m.unkID = *unk
	}
	m.unknown = math.Inf(1)
	for _, score := range m.scores {
		m.unknown = min(m.unknown, score)
	}
	m.unknown -= unkPenalty
	m.vocabulary = b.build()
	m.trie = newTrie(len(m.blob))
	for _, e := range m.entries {
		m.trie.add(m.blob[e.start:e.end], e.id)
	}
	for i := range m.bytes {
		m.bytes[i] = -1
		if id, ok := m.id(fmt.Sprintf("<0x%02X>", i)); ok {
			m.bytes[i] = id
		}
	}
	return nil
}

// size is the length of the list in the file, tokens that come twice included.
func (m *unigram) size() int { return len(m.scores) }

// pathNode is the best way to write the text up to here.
type pathNode struct {
	score float64
	from  int32 // where its last token begins, -1 when no way leads here
	id    int32
}

func (m *unigram) appendIDs(w *worker, ids []int32, text []byte) ([]int32, error) {
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

func (m *unigram) appendTokens(w *worker, tokens []token, text []byte) ([]token, error) {
	if err := m.viterbi(w, text); err != nil {
		return tokens, err
	}
	path := w.path
	first := len(tokens)
	end := len(text)
	for end > 0 { // from the right: the pieces come in reverse
		start, id := int(path[end].from), path[end].id
		unknown := id == m.unkID
		for unknown && start > 0 && path[start].id == m.unkID {
			start = int(path[start].from)
		}
		switch piece := text[start:end]; {
		case !unknown:
			tokens = append(tokens, token{id: id, start: start, end: end})
		default:
			tokens = m.unknownPiece(tokens, piece, start)
		}
		end = start
	}
	for i, j := first, len(tokens)-1; i < j; i, j = i+1, j-1 {
		tokens[i], tokens[j] = tokens[j], tokens[i]
	}
	return tokens, nil
}

// unknownPiece appends the tokens of an unknown stretch, the last one first.
func (m *unigram) unknownPiece(tokens []token, piece []byte, start int) []token {
	end := start + len(piece)
	if id, ok := m.idOf(piece); ok {
		return append(tokens, token{id: id, start: start, end: end})
	}
	if m.fallback {
		all := true
		for _, b := range piece {
			all = all && m.bytes[b] >= 0
		}
		if all {
			for i := len(piece) - 1; i >= 0; i-- {
				tokens = append(tokens, token{id: m.bytes[piece[i]], start: start, end: end})
			}
			return tokens
		}
	}
	return append(tokens, token{id: m.unkID, start: start, end: end, text: string(piece)})
}

// viterbi fills w.path: for each place of text the best way to it.
func (m *unigram) viterbi(w *worker, text []byte) error {
	path := w.path[:0]
	for range len(text) + 1 {
		path = append(path, pathNode{from: -1})
	}
	w.path = path
	for start := 0; start < len(text); {
		_, size := utf8.DecodeRune(text[start:])
		till := path[start].score
		single := false
		node := uint32(0)
		for at := start; at < len(text); at++ {
			id := int32(-1)
			var ok bool
			if node, id, ok = m.trie.step(node, text[at]); !ok {
				break
			}
			if id < 0 {
				continue
			}
			target := &path[at+1]
			if score := m.scores[id] + till; target.from < 0 || score > target.score {
				*target = pathNode{score, int32(start), id}
			}
			single = single || at+1-start == size
		}
		if !single {
			target := &path[start+size]
			if score := m.unknown + till; target.from < 0 || score > target.score {
				if m.unkID < 0 {
					return fmt.Errorf("the text has a character that is no token, and the model has no unk_id")
				}
				*target = pathNode{score, int32(start), m.unkID}
			}
		}
		start += size
	}
	return nil
}

// trie finds the tokens that a text begins with, byte by byte: a hash table from a node and a byte to the next node.
type trie struct {
	slots []trieSlot
	nodes uint32
	shift uint
}

type trieSlot struct {
	from uint64 // node and byte, with a bit above them; 0 is empty
	to   uint32
	id   int32 // of the token that ends here, or -1
}

func newTrie(bytes int) trie {
	size := uint(bits.Len(uint(bytes + bytes/2 + 64)))
	return trie{slots: make([]trieSlot, 1<<size), nodes: 1, shift: 64 - size}
}

func (t *trie) slot(node uint32, b byte) *trieSlot {
	from := uint64(node)<<8 | uint64(b) + 1<<40
	i := from * 0x9E3779B97F4A7C15 >> t.shift
	for t.slots[i].from != from {
		if t.slots[i].from == 0 {
			return &t.slots[i]
		}
		i = (i + 1) & uint64(len(t.slots)-1)
	}
	return &t.slots[i]
}

func (t *trie) add(token string, id int32) {
	node := uint32(0)
	for i := range len(token) {
		s := t.slot(node, token[i])
		if s.from == 0 {
			*s = trieSlot{from: uint64(node)<<8 | uint64(token[i]) + 1<<40, to: t.nodes, id: -1}
			t.nodes++
		}
		if i == len(token)-1 {
			s.id = id
		}
		node = s.to
	}
}

func (t *trie) step(node uint32, b byte) (next uint32, id int32, ok bool) {
	s := t.slot(node, b)
	return s.to, s.id, s.from != 0
}
