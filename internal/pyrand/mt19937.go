// Package pyrand reproduces, bit for bit, two random generators of the Python world: the Mersenne Twister of Python's
// random module (random.seed, random.shuffle) and numpy's PCG64 as numpy.random.default_rng seeds it. Data files shuffled
// and splits drawn by Python programs can so be drawn again in Go, in the same order.
//
// It is for reproducing, not for secrecy, and not for new randomness: use math/rand/v2 for that.
package pyrand

import (
	"math/big"
	"math/bits"
)

// This file: MT19937 by M. Matsumoto and T. Nishimura, "Mersenne Twister: A 623-Dimensionally Equidistributed Uniform
// Pseudo-Random Number Generator" (ACM TOMACS 8, 1998), seeded by its init_by_array procedure of 2002, as in CPython's
// Modules/_randommodule.c; Below and Shuffle are random.Random._randbelow and random.Random.shuffle of CPython 3.

const (
	mtSize   = 624 // words of state
	mtMiddle = 397 // distance of the two words that are mixed
)

// Random is Python's random.Random. It is not safe for concurrent use.
type Random struct {
	state [mtSize]uint32
	next  int // index of the next word to temper; mtSize when a new block is due
}

// NewRandom returns the generator that Python has after random.seed(seed). As there, a negative seed acts like its
// absolute value.
func NewRandom(seed int64) *Random { return NewRandomBig(big.NewInt(seed)) }

// NewRandomBig is NewRandom for a seed of any size; Python's integers have no limit.
func NewRandomBig(seed *big.Int) *Random {
	r := &Random{}
	r.initByArray(words32(seed))
	return r
}

// words32 cuts the absolute value of n into 32-bit words, the least significant first, at least one.
func words32(n *big.Int) []uint32 {
	rest := new(big.Int).Abs(n)
	words := []uint32{}
	low := new(big.Int)
	mask := big.NewInt(0xffffffff)
	for rest.Sign() > 0 {
		words = append(words, uint32(low.And(rest, mask).Uint64()))
		rest.Rsh(rest, 32)
	}
	if len(words) == 0 {
		words = append(words, 0)
	}
	return words
}

func (r *Random) initGenrand(seed uint32) {
	r.state[0] = seed
	for i := 1; i < mtSize; i++ {
		last := r.state[i-1]
		r.state[i] = 1812433253*(last^last>>30) + uint32(i)
	}
	r.next = mtSize
}

func (r *Random) initByArray(key []uint32) {
	r.initGenrand(19650218)
	s := &r.state
	i, j := 1, 0
	for range max(mtSize, len(key)) {
		s[i] = (s[i] ^ (s[i-1]^s[i-1]>>30)*1664525) + key[j] + uint32(j)
		if i++; i == mtSize {
			s[0] = s[mtSize-1]
			i = 1
		}
		if j++; j == len(key) {
			j = 0
		}
	}
	for range mtSize - 1 {
		s[i] = (s[i] ^ (s[i-1]^s[i-1]>>30)*1566083941) - uint32(i)
		if i++; i == mtSize {
			s[0] = s[mtSize-1]
			i = 1
		}
	}
	s[0] = 1 << 31
}

// Uint32 returns the next tempered output: Python's getrandbits(32).
func (r *Random) Uint32() uint32 {
	if r.next == mtSize {
		r.refill()
	}
	y := r.state[r.next]
	r.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

func (r *Random) refill() {
	s := &r.state
	for i := range s {
		y := s[i]&(1<<31) | s[(i+1)%mtSize]&(1<<31-1)
		y, odd := y>>1, y&1
		s[i] = s[(i+mtMiddle)%mtSize] ^ y ^ odd*0x9908b0df
	}
	r.next = 0
}

// Below returns a number from 0 to n-1, each equally likely: outputs are cut to the bit length of n and drawn anew until
// one is below n. It panics unless 0 < n < 2³².
func (r *Random) Below(n int) int {
	if n <= 0 || uint64(n) > 0xffffffff {
		panic("pyrand: Below wants a number from 1 to 2³²-1")
	}
	shift := 32 - bits.Len32(uint32(n))
	for {
		if draw := r.Uint32() >> shift; draw < uint32(n) {
			return int(draw)
		}
	}
}

// Shuffle puts n items in the order that random.shuffle gives a list of that length, through swap.
func (r *Random) Shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, r.Below(i+1))
	}
}
