package grammar

import (
	"fmt"
	"math"
	"strconv"
)

// Numbers are written in at most so many digits, before the point and behind it: what float64 holds exactly.
const (
	maxDigits = 15
	greatest  = 1e15 - 1
)

func (c *compiler) digits(least, most, next int32) int32 {
	return c.loop(c.bytes('0', '9', stepAgain), least, most, next)
}

// freeNumber reads any number, or any integer.
func (c *compiler) freeNumber(integer bool, next int32) int32 {
	end := next
	if !integer {
		exponent := node{op: opBytes}
		exponent.set.add('e', 'e')
		exponent.set.add('E', 'E')
		sign := node{op: opBytes, next: c.digits(1, 2, next)}
		sign.set.add('+', '+')
		sign.set.add('-', '-')
		exponent.next = c.optional(c.add(sign), sign.next)
		end = c.optional(c.add(exponent), next)
		end = c.optional(c.text(".", c.digits(1, maxDigits, end)), end)
	}
	whole := c.either(c.text("0", end), c.bytes('1', '9', c.digits(0, maxDigits-1, end)))
	return c.optional(c.text("-", whole), whole)
}

// bounds are the limits of a number.
type bounds struct {
	low, high         float64 // infinite for none
	openLow, openHigh bool    // the limit itself is not allowed
}

func (b bounds) none() bool { return math.IsInf(b.low, -1) && math.IsInf(b.high, 1) }

// boundedNumber reads a number within bounds. Numbers that are not whole stay within the whole numbers around them.
func (c *compiler) boundedNumber(b bounds, integer bool, next int32) (int32, error) {
	if b.none() {
		return c.freeNumber(integer, next), nil
	}
	low, high := math.Max(math.Ceil(b.low), -greatest), math.Min(math.Floor(b.high), greatest)
	openLow, openHigh := b.openLow && low == b.low, b.openHigh && high == b.high
	if integer {
		if openLow {
			low++
		}
		if openHigh {
			high--
		}
		openLow, openHigh = false, false
	}
	if low > high || low == high && (openLow || openHigh) {
		return 0, fmt.Errorf("no number can be written between the limits %v and %v: there must be a whole one of at most %d digits",
			b.low, b.high, maxDigits)
	}
	var alts []int32
	if high >= 0 {
		alts = append(alts, c.magnitude(int64(math.Max(low, 0)), int64(high), openLow && low >= 0, openHigh, integer, next)...)
	}
	if low < 0 {
		negative := c.magnitude(int64(math.Max(-high, 0)), int64(-low), openHigh && high <= 0, openLow, integer, next)
		alts = append(alts, c.text("-", c.either(negative...)))
	}
	return c.either(alts...), nil
}

// magnitude reads an unsigned number from low to high.
func (c *compiler) magnitude(low, high int64, openLow, openHigh, integer bool, next int32) []int32 {
	if integer {
		return []int32{c.wholeBetween(low, high, next)}
	}
	fraction := c.text(".", c.digits(1, maxDigits, next))
	var alts []int32
	if openLow && low < high { // low itself only with a fraction that is not zero
		c0 := c.bytes('1', '9', c.digits(0, maxDigits/2, next))
		alts = append(alts, c.text(strconv.FormatInt(low, 10)+".", c.loop(c.text("0", stepAgain), 0, maxDigits/2, c0)))
		low++
	}
	if low < high {
		alts = append(alts, c.wholeBetween(low, high-1, c.optional(fraction, next)))
	}
	if !openHigh && low <= high {
		alts = append(alts, c.text(strconv.FormatInt(high, 10), c.optional(c.text(".0", next), next)))
	}
	return alts
}

// wholeBetween reads a whole number from low to high, neither negative.
func (c *compiler) wholeBetween(low, high int64, next int32) int32 {
	var alts []int32
	for power := int64(1); power <= high || power == 1; power *= 10 {
		from, to := max(low, power), min(high, 10*power-1)
		if power == 1 {
			from = low
		}
		if from <= to {
			alts = append(alts, c.digitsBetween(strconv.FormatInt(from, 10), strconv.FormatInt(to, 10), next))
		}
	}
	return c.either(alts...)
}

// digitsBetween reads digits from low to high, which are of one length.
func (c *compiler) digitsBetween(low, high string, next int32) int32 {
	if low == "" {
		return next
	}
	if low[0] == high[0] {
		return c.bytes(low[0], low[0], c.digitsBetween(low[1:], high[1:], next))
	}
	zeros, nines := make([]byte, len(low)-1), make([]byte, len(low)-1)
	for i := range zeros {
		zeros[i], nines[i] = '0', '9'
	}
	from, to := low[0], high[0]
	var alts []int32
	if low[1:] != string(zeros) {
		alts = append(alts, c.bytes(from, from, c.digitsBetween(low[1:], string(nines), next)))
		from++
	}
	if high[1:] != string(nines) {
		alts = append(alts, c.bytes(to, to, c.digitsBetween(string(zeros), high[1:], next)))
		to--
	}
	if from <= to {
		step := next
		for range zeros {
			step = c.bytes('0', '9', step)
		}
		alts = append(alts, c.bytes(from, to, step))
	}
	return c.either(alts...)
}
