package tokenizer

import (
	"encoding/json"
	"math"
	"strconv"
	"sync"
)

// float reads a number as the Rust crate serde_json does without its feature float_roundtrip, by which Hugging Face
// tokenizers reads scores: the digits as one whole number, then one multiplication or division by a power of ten. The last
// bit may differ from the correctly rounded value, and decides between two ways to write a text that score the same.
func (s *jsonScanner) float() (float64, error) {
	raw, err := s.skip()
	if err != nil {
		return 0, err
	}
	if !json.Valid(raw) || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return 0, s.errorf("%s where a number should stand", shorten(raw))
	}
	f := digitsAsFloat(raw)
	if math.IsInf(f, 0) {
		return 0, s.errorf("the number %s is too large", shorten(raw))
	}
	return f, nil
}

// digitsAsFloat converts a valid JSON number.
func digitsAsFloat(raw []byte) float64 {
	negative := raw[0] == '-'
	if negative {
		raw = raw[1:]
	}
	var significand uint64
	exponent, fraction, full := 0, false, false
	i := 0
	for ; i < len(raw); i++ {
		if raw[i] == '.' {
			fraction = true
			continue
		}
		if raw[i] < '0' || raw[i] > '9' {
			break
		}
		digit := uint64(raw[i] - '0')
		full = full || significand > (math.MaxUint64-digit)/10
		switch {
		case full && !fraction:
			exponent++ // the digits that do not fit are dropped
		case !full:
			significand = significand*10 + digit
			if fraction {
				exponent--
			}
		}
	}
	if i < len(raw) { // the exponent
		sign, power := 1, 0
		for _, b := range raw[i+1:] {
			switch {
			case b == '-':
				sign = -1
			case b != '+':
				power = min(power*10+int(b-'0'), 1<<20)
			}
		}
		exponent += sign * power
	}
	f := float64(significand)
	for exponent < -308 && f != 0 {
		f /= 1e308
		exponent += 308
	}
	switch {
	case f == 0:
	case exponent < 0:
		f /= powersOfTen()[-exponent]
	case exponent > 308:
		f = math.Inf(1)
	default:
		f *= powersOfTen()[exponent]
	}
	if negative {
		return -f
	}
	return f
}

// powersOfTen holds the doubles nearest to the powers of ten. (math.Pow10 multiplies two for the large ones.)
var powersOfTen = sync.OnceValue(func() (powers [309]float64) {
	for n := range powers {
		powers[n], _ = strconv.ParseFloat("1e"+strconv.Itoa(n), 64)
	}
	return powers
})
