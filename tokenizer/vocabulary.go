package tokenizer

import (
	"hash/maphash"
	"strings"
)

// vocabulary is the two-way table of tokens and ids. All texts lie in one string, and the hash table holds numbers only:
// 256,000 words take some 8 MB and nothing for the garbage collector to follow.
type vocabulary struct {
	blob    string
	entries []entry
	slots   []uint32        // 1 + index into entries; 0 is empty
	byID    []int32         // index into entries, -1 where no token has the id
	sparse  map[int32]int32 // the same, for ids far beyond the number of tokens
	seed    maphash.Seed
}

type entry struct {
	start, end uint32
	id         int32
}

// vocabularyBuilder collects the tokens; a token that comes again takes its newer id.
type vocabularyBuilder struct {
	blob    strings.Builder
	entries []entry
}

func (b *vocabularyBuilder) add(token []byte, id int32) {
	start := uint32(b.blob.Len())
	b.blob.Write(token)
	b.entries = append(b.entries, entry{start, uint32(b.blob.Len()), id})
}

func (b *vocabularyBuilder) build() *vocabulary {
	v := &vocabulary{blob: b.blob.String(), seed: maphash.MakeSeed()}
	size := 16
	for size < 2*len(b.entries) {
		size *= 2
	}
	v.slots = make([]uint32, size)
	v.entries = make([]entry, 0, len(b.entries))
	highest := int32(-1)
	for _, e := range b.entries {
		token := v.blob[e.start:e.end]
		slot, at := v.find(token)
		if at >= 0 {
			v.entries[at].id = e.id
		} else {
			v.entries = append(v.entries, e)
			v.slots[slot] = uint32(len(v.entries))
		}
		highest = max(highest, e.id)
	}
	if int(highest) > 4*len(v.entries)+1<<16 {
		v.sparse = make(map[int32]int32, len(v.entries))
	} else {
		v.byID = make([]int32, highest+1)
		for i := range v.byID {
			v.byID[i] = -1
		}
	}
	for i, e := range v.entries {
		if v.sparse != nil {
			v.sparse[e.id] = int32(i)
		} else {
			v.byID[e.id] = int32(i)
		}
	}
	return v
}

// find returns the index of a token, or -1 and the slot where it would go.
func (v *vocabulary) find(token string) (slot uint64, at int32) {
	mask := uint64(len(v.slots) - 1)
	for slot = maphash.String(v.seed, token) & mask; ; slot = (slot + 1) & mask {
		n := v.slots[slot]
		if n == 0 {
			return slot, -1
		}
		if e := v.entries[n-1]; v.blob[e.start:e.end] == token {
			return slot, int32(n - 1)
		}
	}
}

// id looks a token up.
func (v *vocabulary) id(token string) (int32, bool) {
	if _, at := v.find(token); at >= 0 {
		return v.entries[at].id, true
	}
	return 0, false
}

// idOf is id for bytes, without a copy.
func (v *vocabulary) idOf(token []byte) (int32, bool) {
	mask := uint64(len(v.slots) - 1)
	for slot := maphash.Bytes(v.seed, token) & mask; ; slot = (slot + 1) & mask {
		n := v.slots[slot]
		if n == 0 {
			return 0, false
		}
		if e := v.entries[n-1]; v.blob[e.start:e.end] == string(token) {
			return e.id, true
		}
	}
}

// token is the text of an id.
func (v *vocabulary) token(id int32) (string, bool) {
	at := int32(-1)
	if v.sparse != nil {
		if i, ok := v.sparse[id]; ok {
			at = i
		}
	} else if id >= 0 && int(id) < len(v.byID) {
		at = v.byID[id]
	}
	if at < 0 {
		return "", false
	}
	e := v.entries[at]
	return v.blob[e.start:e.end], true
}

// size counts the tokens.
func (v *vocabulary) size() int { return len(v.entries) }

// readVocabulary reads an object of tokens and ids.
func readVocabulary(s *jsonScanner) (*vocabulary, error) {
	var b vocabularyBuilder
	b.blob.Grow(len(s.data) / 16)
	err := s.list('{', '}', func() error {
		token, err := s.str()
		if err != nil {
			return err
		}
		start := uint32(b.blob.Len())
		b.blob.Write(token)
		if err := s.expect(':'); err != nil {
			return err
		}
		id, err := s.id()
		b.entries = append(b.entries, entry{start, uint32(b.blob.Len()), id})
		return err
	})
	if err != nil {
		return nil, err
	}
	return b.build(), nil
}
