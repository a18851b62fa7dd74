package tokenizer

import "encoding/binary"

// wordCache remembers the ids of words. Each worker has its own, so there is nothing to wait for. Short words with few
// tokens, which is nearly all of them, lie in a table of two places for each hash value; the newer word takes the place of
// the older. The others are in a map that is emptied when it is full. Together that is at most some 10 MB.
type wordCache struct {
	slots []wordSlot
	long  map[string][]int32
}

// wordSlot is 32 bytes: the word with its length in the last byte, and its ids, -1 behind the last.
type wordSlot struct {
	low, high uint64
	ids       [4]int32
}

const (
	cacheBits    = 16
	maxShort     = 15   // bytes of a word in the table
	maxLongWords = 8192 // words in the map
	maxLongBytes = 256  // bytes of a word in the map
)

// key packs a word of at most maxShort bytes.
func key(word []byte) (low, high uint64) {
	n := len(word)
	switch {
	case n >= 8:
		low = binary.LittleEndian.Uint64(word)
		if n > 8 {
			high = binary.LittleEndian.Uint64(word[n-8:]) >> (64 - 8*(n-8)) // what lies behind the first eight bytes
		}
	case n >= 4:
		low = uint64(binary.LittleEndian.Uint32(word)) | uint64(binary.LittleEndian.Uint32(word[n-4:]))<<(8*(n-4))
	case n > 0:
		low = uint64(word[0]) | uint64(word[n/2])<<(8*(n/2)) | uint64(word[n-1])<<(8*(n-1))
	}
	return low, high | uint64(n)<<56
}

func place(low, high uint64) uint64 {
	h := (low ^ high*0x9E3779B97F4A7C15) * 0xD6E8FEB86659FD93
	return (h ^ h>>29) * 0x9E3779B97F4A7C15 >> (64 - cacheBits) &^ 1
}

// get appends the ids of a word that is known.
func (c *wordCache) get(ids []int32, word []byte) ([]int32, bool) {
	if c.slots == nil {
		return ids, false
	}
	if len(word) <= maxShort {
		low, high := key(word)
		at := place(low, high)
		s := &c.slots[at]
		if s.low != low || s.high != high {
			s = &c.slots[at+1]
		}
		if s.low == low && s.high == high {
			ids = append(ids, s.ids[0])
			for _, id := range s.ids[1:] {
				if id < 0 {
					break
				}
				ids = append(ids, id)
			}
			return ids, true
		}
	}
	if known, ok := c.long[string(word)]; ok {
		return append(ids, known...), true
	}
	return ids, false
}

// put remembers a word.
func (c *wordCache) put(word []byte, ids []int32) {
	if len(ids) == 0 || len(word) > maxLongBytes {
		return
	}
	if c.slots == nil {
		c.slots = make([]wordSlot, 1<<cacheBits)
		c.long = make(map[string][]int32)
	}
	if len(word) <= maxShort && len(ids) <= 4 {
		low, high := key(word)
		at := place(low, high)
		c.slots[at+1] = c.slots[at]
		s := &c.slots[at]
		s.low, s.high = low, high
		for i := range s.ids {
			s.ids[i] = -1
		}
		copy(s.ids[:], ids)
		return
	}
	if len(c.long) >= maxLongWords {
		clear(c.long)
	}
	c.long[string(word)] = append([]int32(nil), ids...)
}
