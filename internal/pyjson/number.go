// Numbers: integers of any size, and the text Python gives a float.

package pyjson

import (
	"math"
	"math/big"
	"strconv"
)

// Int is an integer of any size: its decimal digits, with a leading "-" when negative, without leading zeros.
// The zero value "" also counts as 0.
type Int string

// NewInt returns n as an Int.
func NewInt(n int64) Int { return Int(strconv.FormatInt(n, 10)) }

// Int64 returns the integer, and false when it does not fit 64 bits.
func (n Int) Int64() (int64, bool) {
	if n == "" {
		return 0, true
	}
	v, err := strconv.ParseInt(string(n), 10, 64)
	return v, err == nil
}

// String returns the digits.
func (n Int) String() string {
	if n == "" {
		return "0"
	}
	return string(n)
}

func (n Int) isZero() bool { return n == "" || n == "0" }

// equalsFloat compares by exact value, as Python does: 2**53 + 1 differs from float(2**53).
func (n Int) equalsFloat(f float64) bool {
	if f != math.Trunc(f) || math.IsInf(f, 0) { // NaN fails the first comparison
		return false
	}
	if i, ok := n.Int64(); ok && math.Abs(f) < 1<<53 {
		return i == int64(f)
	}
	exact, _ := new(big.Float).SetFloat64(f).Int(nil)
	digits, ok := new(big.Int).SetString(n.String(), 10)
	return ok && digits.Cmp(exact) == 0
}

// asInt recognises the Go types that stand for a Python int.
func asInt(v any) (Int, bool) {
	switch n := v.(type) {
	case Int:
		return n, true
	case int:
		return NewInt(int64(n)), true
	case int64:
		return NewInt(n), true
	}
	return "", false
}

// FloatText is Python's repr of a float: the shortest digits that read back to the same number; with an exponent (a sign
// and at least two digits) when the decimal exponent is below -4 or at least 16, else positional and always with a point; inf, -inf, nan.
func FloatText(f float64) string { return string(appendFloat(nil, f)) }

func appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "nan"...)
	case math.IsInf(f, 1):
		return append(b, "inf"...)
	case math.IsInf(f, -1):
		return append(b, "-inf"...)
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	for _, c := range b[start:] {
		if c == '.' {
			return b
		}
	}
	return append(b, ".0"...)
}
