package unidata

import "math/bits"

// Set is a set of characters in pages of 256 bits; equal pages are stored once. Its look-up is two loads.
type Set struct {
	pages [0x1100]uint16
	bits  [][4]uint64
}

// NewSet makes the set of all characters in the spans.
func NewSet(list []Span) *Set {
	page := make(map[int]*[4]uint64)
	for _, s := range list {
		for word := max(s.First, 0) >> 6; word <= min(s.Last, 0x10FFFF)>>6; word++ {
			mask := ^uint64(0)
			if first := s.First - word<<6; first > 0 {
				mask <<= first
			}
			if last := s.Last - word<<6; last < 63 {
				mask &= ^uint64(0) >> (63 - last)
			}
			p := page[int(word>>2)]
			if p == nil {
				p = new([4]uint64)
				page[int(word>>2)] = p
			}
			p[word&3] |= mask
		}
	}
	set := &Set{bits: make([][4]uint64, 1)}
	known := map[[4]uint64]uint16{{}: 0}
	for number, p := range page {
		at, ok := known[*p]
		if !ok {
			at = uint16(len(set.bits))
			known[*p] = at
			set.bits = append(set.bits, *p)
		}
		set.pages[number] = at
	}
	return set
}

// Has says whether r is in the set; a number that is no character is in none.
func (s *Set) Has(r rune) bool {
	if uint32(r) > 0x10FFFF {
		return false
	}
	return s.bits[s.pages[r>>8]][r>>6&3]>>(r&63)&1 != 0
}

// Len counts the characters of the set.
func (s *Set) Len() int {
	total := 0
	for _, at := range s.pages {
		for _, word := range s.bits[at] {
			total += bits.OnesCount64(word)
		}
	}
	return total
}
