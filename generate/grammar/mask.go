package grammar

import (
	"encoding/binary"
	"math/bits"
	"sync"
)

// Mask is the set of tokens that may come next. It does not change.
type Mask struct {
	bits  []uint64
	count int
	few   []int32 // all of them in order, when they are few
}

// maxFew is how many tokens a mask lists.
const maxFew = 4096

// Allows says whether a token is in the set.
func (m *Mask) Allows(id int32) bool {
	return id >= 0 && int(id>>6) < len(m.bits) && m.bits[id>>6]>>(id&63)&1 != 0
}

// Bits are the tokens as sets of 64: token i is bit i%64 of element i/64. They are not to be changed.
func (m *Mask) Bits() []uint64 { return m.bits }

// Count is the number of tokens.
func (m *Mask) Count() int { return m.count }

// Few lists the tokens in order when they are at most a few thousand, otherwise it is nil.
func (m *Mask) Few() []int32 { return m.few }

// Masks are the masks of a grammar over a vocabulary. They are computed when they are first asked for, and kept. It is safe
// for many goroutines.
type Masks struct {
	Grammar    *Grammar
	Vocabulary *Vocabulary

	byKey   map[string]*Mask // guarded by Grammar.mu
	byState sync.Map         // *State to *Mask
	stack   []*State         // of the walk
}

// NewMasks begins without any mask.
func NewMasks(g *Grammar, v *Vocabulary) *Masks {
	return &Masks{Grammar: g, Vocabulary: v, byKey: map[string]*Mask{}}
}

// maxMasks is how many masks are kept: a mask of 256,000 tokens takes 32 KB.
const maxMasks = 1 << 13

// Of is the mask of a state: the tokens whose whole text may follow.
func (m *Masks) Of(s *State) *Mask {
	if mask, ok := m.byState.Load(s); ok {
		return mask.(*Mask)
	}
	m.Grammar.mu.Lock()
	defer m.Grammar.mu.Unlock()
	key := string(m.key(s))
	mask, ok := m.byKey[key]
	if !ok {
		if len(m.byKey) >= maxMasks {
			clear(m.byKey)
			m.byState.Clear()
		}
		mask = m.compute(s)
		m.byKey[key] = mask
	}
	m.byState.Store(s, mask)
	return mask
}

// key is what a mask depends on. Counters count only as far as the longest token reaches.
func (m *Masks) key(s *State) []byte {
	var key []byte
	reach := int32(m.Vocabulary.longest + 1)
	for _, t := range s.threads {
		key = binary.LittleEndian.AppendUint32(key, uint32(t.pc))
		for f := t.stack; f != nil; f = f.parent {
			key = binary.LittleEndian.AppendUint32(key, uint32(f.pc))
			key = binary.LittleEndian.AppendUint32(key, uint32(min(f.need, reach)))
			key = binary.LittleEndian.AppendUint32(key, uint32(min(f.room, reach)))
			key = binary.LittleEndian.AppendUint32(key, uint32(f.depth))
		}
		key = append(key, '|')
	}
	return key
}

// compute walks the trie. Where a string of any characters may go on, the plain tokens are all allowed, and only the others
// are walked.
func (m *Masks) compute(s *State) *Mask {
	v := m.Vocabulary
	mask := &Mask{bits: make([]uint64, len(v.plain))}
	t := &v.all
	if s.admitsAll(int32(v.longest)) {
		copy(mask.bits, v.plain)
		t = &v.special
	}
	if cap(m.stack) < v.longest+1 {
		m.stack = make([]*State, v.longest+1)
	}
	at := m.stack[:v.longest+1]
	at[0] = s
	for i := int32(0); int(i) < len(t.nodes); {
		n := &t.nodes[i]
		next := at[n.depth].step(n.letter)
		if next == dead {
			i = n.end
			continue
		}
		at[n.depth+1] = next
		for _, id := range t.ids[n.first:n.last] {
			mask.bits[id>>6] |= 1 << (id & 63)
		}
		i++
	}
	clear(at)
	for _, w := range mask.bits {
		mask.count += bits.OnesCount64(w)
	}
	if mask.count <= maxFew {
		mask.few = make([]int32, 0, mask.count)
		for i, w := range mask.bits {
			for ; w != 0; w &= w - 1 {
				mask.few = append(mask.few, int32(64*i+bits.TrailingZeros64(w)))
			}
		}
	}
	return mask
}

// admitsAll says that n characters of any kind may follow, each in one string.
func (s *State) admitsAll(n int32) bool {
	for _, t := range s.threads {
		switch s.g.nodes[t.pc].content {
		case freeContent:
			return true
		case countedContent:
			if t.stack.room >= n {
				return true
			}
		}
	}
	return false
}
