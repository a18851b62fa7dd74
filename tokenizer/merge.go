package tokenizer

import (
	"bytes"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// mergeTable maps a pair of ids to the rank and the id of their union: open addressing, 16 bytes an entry.
type mergeTable struct {
	slots []mergeSlot
	shift uint
}

type mergeSlot struct {
	pair uint64 // left id and right id; noPair is empty
	rank uint32
	id   int32
}

const (
	noPair = ^uint64(0)
	noRank = ^uint32(0)
)

func newMergeTable(n int) *mergeTable {
	size := uint(bits.Len(uint(2*n + 8)))
	t := &mergeTable{slots: make([]mergeSlot, 1<<size), shift: 64 - size}
	for i := range t.slots {
		t.slots[i].pair = noPair
	}
	return t
}

func pairOf(left, right int32) uint64 { return uint64(uint32(left))<<32 | uint64(uint32(right)) }

func (t *mergeTable) slot(pair uint64) *mergeSlot {
	i := pair * 0x9E3779B97F4A7C15 >> t.shift
	for t.slots[i].pair != pair && t.slots[i].pair != noPair {
		i = (i + 1) & uint64(len(t.slots)-1)
	}
	return &t.slots[i]
}

// find returns the rank and the union of a pair; the rank is noRank when it has none.
func (t *mergeTable) find(left, right int32) (uint32, int32) {
	s := t.slot(pairOf(left, right))
	if s.pair == noPair {
		return noRank, -1
	}
	return s.rank, s.id
}

func (t *mergeTable) put(left, right int32, rank uint32, id int32) {
	pair := pairOf(left, right)
	*t.slot(pair) = mergeSlot{pair, rank, id}
}

// readMerges reads the list of merges, each ["a","b"] or "a b". The union of two tokens is their texts in a row, the
// second without the prefix of continuing characters.
func readMerges(s *jsonScanner, v *vocabulary, prefix int) (*mergeTable, error) {
	type pair struct{ left, right, union int32 }
	pairs := make([]pair, 0, v.size())
	var joined []byte
	lookUp := func(text []byte) (int32, error) {
		id, ok := v.idOf(text)
		if !ok {
			return 0, s.errorf("merge %d needs the token %q, which the vocabulary lacks", len(pairs), text)
		}
		return id, nil
	}
	enter := func(split int) error { // joined holds both texts
		left, err := lookUp(joined[:split])
		if err != nil {
			return err
		}
		right, err := lookUp(joined[split:])
		if err != nil {
			return err
		}
		if len(joined)-split < prefix {
			return s.errorf("merge %d: %q is shorter than the prefix of continuing characters", len(pairs), joined[split:])
		}
		joined = append(joined[:split], joined[split+prefix:]...)
		union, err := lookUp(joined)
		if err != nil {
			return err
		}
		pairs = append(pairs, pair{left, right, union})
		return nil
	}
	err := s.array(func() error {
		joined = joined[:0]
		if s.peek() == '"' {
			text, err := s.str()
			if err != nil {
				return err
			}
			if bytes.HasPrefix(text, []byte("#version")) {
				return nil
			}
			space := bytes.IndexByte(text, ' ')
			if space < 0 || bytes.IndexByte(text[space+1:], ' ') >= 0 {
				return s.errorf("merge %d is %q and not two tokens with a space between", len(pairs), text)
			}
			joined = append(append(joined, text[:space]...), text[space+1:]...)
			return enter(space)
		}
		split, n := 0, 0
		err := s.array(func() error {
			text, err := s.str()
			if n++; n == 1 {
				split = len(text)
			}
			joined = append(joined, text...)
			return err
		})
		if err != nil {
			return err
		}
		if n != 2 {
			return s.errorf("merge %d has %d tokens and not 2", len(pairs), n)
		}
		return enter(split)
	})
	if err != nil {
		return nil, err
	}
	t := newMergeTable(len(pairs))
	for rank, p := range pairs {
		t.put(p.left, p.right, uint32(rank), p.union)
	}
	return t, nil
}

// runeIDs maps single characters to their tokens.
type runeIDs struct {
	low  []int32 // below 0x3000, -1 where there is none
	high map[rune]int32
}

func newRuneIDs(v *vocabulary) runeIDs {
	ids := runeIDs{low: make([]int32, 0x3000), high: map[rune]int32{}}
	for i := range ids.low {
		ids.low[i] = -1
	}
	for _, e := range v.entries {
		r, size := utf8.DecodeRuneInString(v.blob[e.start:e.end])
		if size == 0 || uint32(size) != e.end-e.start {
			continue
		}
		if int(r) < len(ids.low) {
			ids.low[r] = e.id
		} else {
			ids.high[r] = e.id
		}
	}
	return ids
}

func (ids *runeIDs) find(r rune) (int32, bool) {
	if int(r) < len(ids.low) {
		return ids.low[r], ids.low[r] >= 0
	}
	id, ok := ids.high[r]
	return id, ok
}

// symbols fills s with the tokens that a word begins with, before any merge.
func (m *bpe) symbols(s *mergeSpace, text []byte) error {
	s.ids, s.lengths = s.ids[:0], s.lengths[:0]
	if m.letterBytes {
		for _, b := range text {
			s.add(m.byteIDs[b], 1)
		}
		return nil
	}
	unknown := 0 // bytes of an unknown stretch that is not entered yet
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		first, last := i == 0, i+size == len(text)
		char := text[i : i+size]
		i += size
		if m.spaces && r == ' ' {
			r = '▁'
		}
		var id int32
		var ok bool
		if (first || m.prefix == "") && (!last || m.suffix == "") {
			id, ok = m.letters.find(r)
		} else {
			s.affixed = s.affixed[:0]
			if !first {
				s.affixed = append(s.affixed, m.prefix...)
			}
			s.affixed = append(s.affixed, char...)
			if last {
				s.affixed = append(s.affixed, m.suffix...)
			}
			char = s.affixed
			id, ok = m.idOf(char)
		}
		if ok {
			if unknown > 0 {
				s.add(m.unkID, unknown)
				unknown = 0
			}
			s.add(id, size)
			continue
		}
		if m.fallback && m.byBytes(s, char) {
			continue // as upstream, an unknown stretch before it is entered behind it
		}
		if m.unk == "" {
			continue
		}
		if m.unkID < 0 {
			return fmt.Errorf("the unknown token %q is not in the vocabulary", m.unk)
		}
		if unknown > 0 && !m.fuse {
			s.add(m.unkID, unknown)
			unknown = 0
		}
		unknown += size
	}
	if unknown > 0 {
		s.add(m.unkID, unknown)
	}
	return nil
}

// byBytes enters a character as the tokens of its bytes when all of them exist.
func (m *bpe) byBytes(s *mergeSpace, char []byte) bool {
	for _, b := range char {
		if m.bytes[b] < 0 {
			return false
		}
	}
	for _, b := range char {
		s.add(m.bytes[b], 1)
	}
	return true
}
