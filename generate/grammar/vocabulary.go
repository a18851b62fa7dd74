package grammar

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ajolote-ai/ajolote/tokenizer"
)

// Vocabulary is the bytes that each token writes, arranged for walking.
type Vocabulary struct {
	tokens  [][]byte // by id; nil for tokens that write no text, which a grammar never allows
	longest int
	plain   []uint64 // set of the tokens that a string admits whatever surrounds it
	all     trie
	special trie // of the tokens that are not plain
}

// NewVocabulary arranges the tokens of a model by id. The slices are kept.
func NewVocabulary(tokens [][]byte) *Vocabulary {
	v := &Vocabulary{tokens: tokens, plain: make([]uint64, (len(tokens)+63)/64)}
	ids := make([]int32, 0, len(tokens))
	var special []int32
	for id, t := range tokens {
		if len(t) == 0 {
			continue
		}
		v.longest = max(v.longest, len(t))
		ids = append(ids, int32(id))
		if isPlain(t) {
			v.plain[id>>6] |= 1 << (id & 63)
		} else {
			special = append(special, int32(id))
		}
	}
	v.all, v.special = newTrie(tokens, ids), newTrie(tokens, special)
	return v
}

// Size is the number of ids, those without text included.
func (v *Vocabulary) Size() int { return len(v.tokens) }

// Bytes is what a token writes; nil for nothing.
func (v *Vocabulary) Bytes(id int32) []byte {
	if id < 0 || int(id) >= len(v.tokens) {
		return nil
	}
	return v.tokens[id]
}

// isPlain says whether a token is whole characters, none of which ends a string or needs an escape in it.
func isPlain(token []byte) bool {
	for _, b := range token {
		if b < 0x20 || b == '"' || b == '\\' {
			return false
		}
	}
	return utf8.Valid(token)
}

// FromTokenizer finds what each of a model's size tokens writes behind other tokens. Special tokens write nothing.
func FromTokenizer(t *tokenizer.Tokenizer, size int) (*Vocabulary, error) {
	anchor, prefix, err := anchorOf(t)
	if err != nil {
		return nil, err
	}
	letters := byteLetters()
	tokens := make([][]byte, size)
	for id := range int32(size) {
		token, ok := t.IDToToken(id)
		if !ok || t.IsSpecial(id) {
			continue
		}
		text := strings.TrimPrefix(t.Decode([]int32{anchor, id}, true), prefix)
		if !strings.ContainsRune(text, utf8.RuneError) {
			tokens[id] = []byte(text)
		} else if b, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(token, "<0x"), ">"), 16, 8); err == nil && len(token) == 6 {
			tokens[id] = []byte{byte(b)}
		} else if raw, ok := letters.bytes(token); ok {
			tokens[id] = raw
		}
	}
	return NewVocabulary(tokens), nil
}

// anchorOf finds a token whose text stands apart from that of a token behind it.
func anchorOf(t *tokenizer.Tokenizer) (int32, string, error) {
	for _, text := range []string{"a", "e", "x", "0", "."} {
		if id, ok := t.TokenToID(text); ok && t.Decode([]int32{id}, true) == text {
			return id, text, nil
		}
	}
	return 0, "", fmt.Errorf("grammar: the tokenizer has no token of a single plain letter: it does not look like one of a language model")
}

// letterTable maps the letters that byte-level vocabularies write bytes with (GPT-2's bytes_to_unicode) back to the bytes.
type letterTable map[rune]byte

func byteLetters() letterTable {
	table := letterTable{}
	next := rune(256)
	for b := range 256 {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			table[rune(b)] = byte(b)
			continue
		}
		table[next] = byte(b)
		next++
	}
	return table
}

func (l letterTable) bytes(token string) ([]byte, bool) {
	var raw []byte
	for _, r := range token {
		b, ok := l[r]
		if !ok {
			return nil, false
		}
		raw = append(raw, b)
	}
	return raw, true
}

// trie is a tree of bytes in the order of a walk: a node is followed by its children, and knows where its last descendant is.
type trie struct {
	nodes []trieNode
	ids   []int32 // of the tokens that end at nodes, in the nodes' order
}

type trieNode struct {
	letter byte
	depth  uint16
	end    int32 // node behind the last descendant
	first  int32 // ids[first:last] are the tokens that end here
	last   int32
}

func newTrie(tokens [][]byte, ids []int32) trie {
	slices.SortStableFunc(ids, func(a, b int32) int { return bytes.Compare(tokens[a], tokens[b]) })
	t := trie{ids: ids}
	var path []int32
	var last []byte
	for i, id := range ids {
		token := tokens[id]
		common := 0
		for common < len(last) && common < len(token) && last[common] == token[common] {
			common++
		}
		for len(path) > common {
			t.nodes[path[len(path)-1]].end = int32(len(t.nodes))
			path = path[:len(path)-1]
		}
		for depth := common; depth < len(token); depth++ {
			path = append(path, int32(len(t.nodes)))
			t.nodes = append(t.nodes, trieNode{letter: token[depth], depth: uint16(depth), first: int32(i), last: int32(i)})
		}
		t.nodes[path[len(path)-1]].last = int32(i + 1) // a sorted list has the token before those that it begins
		last = token
	}
	for _, n := range path {
		t.nodes[n].end = int32(len(t.nodes))
	}
	return t
}
