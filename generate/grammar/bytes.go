package grammar

import "math/bits"

// single is the only member of a set.
func (s *byteSet) single() (byte, bool) {
	at := -1
	for i, w := range s {
		if w == 0 {
			continue
		}
		if at >= 0 || w&(w-1) != 0 {
			return 0, false
		}
		at = 64*i + bits.TrailingZeros64(w)
	}
	return byte(at), at >= 0
}

// plainest is the lowest member above the space, else the lowest.
func (s *byteSet) plainest() byte {
	for b := '!'; b < 256; b++ {
		if s.has(byte(b)) {
			return byte(b)
		}
	}
	for b := range '!' {
		if s.has(byte(b)) {
			return byte(b)
		}
	}
	return 0
}
