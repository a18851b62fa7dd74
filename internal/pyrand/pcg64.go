package pyrand

import "math/bits"

// This file: numpy.random.default_rng(seed), that is PCG64 (M. E. O'Neill, "PCG: A Family of Simple Fast Space-Efficient
// Statistically Good Algorithms for Random Number Generation", 2014; the variant XSL-RR 128/64) seeded through numpy's
// SeedSequence (numpy/random/bit_generator.pyx, after O'Neill's randutils seed_seq_fe), and the permutation of
// numpy.random.Generator. Hugging Face datasets draws train_test_split from it.

// Generator is numpy.random.Generator over PCG64. It is not safe for concurrent use.
type Generator struct {
	state     uint128
	increment uint128
	half      uint32 // the high half of a 64-bit output whose low half was given out
	hasHalf   bool
}

// NewGenerator returns what numpy.random.default_rng(seed) returns.
func NewGenerator(seed uint64) *Generator {
	u := seedWords([]uint32{uint32(seed), uint32(seed >> 32)})
	initial := uint128{u[0], u[1]}
	g := &Generator{increment: uint128{u[2], u[3]}.double().plus(uint128{0, 1})}
	g.step()
	g.state = g.state.plus(initial)
	g.step()
	return g
}

// seedWords expands entropy (32-bit words, least significant first) into four 64-bit words: SeedSequence.generate_state.
// Zero words at the end are no entropy of their own: a pool of four is filled with zeros anyway.
func seedWords(entropy []uint32) [4]uint64 {
	const (
		initA, multA       = 0x43b0d7e5, 0x931e8875
		initB, multB       = 0x8b51f9dd, 0x58f38ded
		mixLeft, mixRight  = 0xca01f9dd, 0x4973f715
		poolSize, outWords = 4, 8
	)
	hash := uint32(initA)
	mixIn := func(v uint32) uint32 {
		v ^= hash
		hash *= multA
		v *= hash
		return v ^ v>>16
	}
	combine := func(x, y uint32) uint32 {
		r := mixLeft*x - mixRight*y
		return r ^ r>>16
	}
	var pool [poolSize]uint32
	for i := range pool {
		if i < len(entropy) {
			pool[i] = mixIn(entropy[i])
		} else {
			pool[i] = mixIn(0)
		}
	}
	for from := range pool {
		for to := range pool {
			if from != to {
				pool[to] = combine(pool[to], mixIn(pool[from]))
			}
		}
	}

	var out [outWords / 2]uint64
	hash = initB
	for i := range outWords {
		v := pool[i%poolSize] ^ hash
		hash *= multB
		v *= hash
		v ^= v >> 16
		out[i/2] |= uint64(v) << (32 * (i % 2))
	}
	return out
}

func (g *Generator) step() {
	g.state = g.state.times(uint128{0x2360ed051fc65da4, 0x4385df649fccf645}).plus(g.increment)
}

// Uint64 returns the next 64-bit output.
func (g *Generator) Uint64() uint64 {
	g.step()
	return bits.RotateLeft64(g.state.high^g.state.low, -int(g.state.high>>58))
}

// Uint32 returns the low half of a 64-bit output and, the next time, its high half.
func (g *Generator) Uint32() uint32 {
	if g.hasHalf {
		g.hasHalf = false
		return g.half
	}
	draw := g.Uint64()
	g.half, g.hasHalf = uint32(draw>>32), true
	return uint32(draw)
}

// UpTo returns a number from 0 to limit, each equally likely, by drawing 32 bits under a mask of ones until the draw is not
// above the limit: numpy's random_interval. A limit of 0 draws nothing.
func (g *Generator) UpTo(limit uint32) uint32 {
	if limit == 0 {
		return 0
	}
	mask := uint32(1<<bits.Len32(limit) - 1)
	for {
		if draw := g.Uint32() & mask; draw <= limit {
			return draw
		}
	}
}

// Permutation returns 0…n-1 in the order of numpy's Generator.permutation(n), for n up to 2³².
func (g *Generator) Permutation(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := g.UpTo(uint32(i))
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// uint128 is an unsigned number of 128 bits; its arithmetic wraps.
type uint128 struct{ high, low uint64 }

func (a uint128) plus(b uint128) uint128 {
	low, carry := bits.Add64(a.low, b.low, 0)
	high, _ := bits.Add64(a.high, b.high, carry)
	return uint128{high, low}
}

func (a uint128) double() uint128 { return uint128{a.high<<1 | a.low>>63, a.low << 1} }

func (a uint128) times(b uint128) uint128 {
	high, low := bits.Mul64(a.low, b.low)
	return uint128{high + a.high*b.low + a.low*b.high, low}
}
