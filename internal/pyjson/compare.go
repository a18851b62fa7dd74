// Truth and equality of decoded JSON values, by Python's rules.

package pyjson

import "math"

// Truthy is Python's bool(v): false for nil, false, every zero, "", an empty list and an empty object, true for all else, also "0", " " and NaN.
func Truthy(v any) bool {
	if n, ok := asInt(v); ok {
		return !n.isZero()
	}
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case float64:
		return v != 0
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case *Object:
		return v.Len() > 0
	}
	return true
}

// Equal is Python's a == b: numbers by exact value across integer and float, true and false as 1 and 0, strings code point by code point, lists
// item by item, objects by the same keys with equal values in any order. NaN by itself equals nothing; inside a list or object it equals another NaN
// there, because json.loads hands out one NaN object and containers compare by identity first.
func Equal(a, b any) bool { return equal(a, b, false) }

func equal(a, b any, inside bool) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case string:
		b, ok := b.(string)
		return ok && a == b
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i], true) {
				return false
			}
		}
		return true
	case *Object:
		b, ok := b.(*Object)
		if !ok || a.Len() != b.Len() {
			return false
		}
		for k, v := range a.All() {
			other, ok := b.Get(k)
			if !ok || !equal(v, other, true) {
				return false
			}
		}
		return true
	}
	return equalNumbers(a, b, inside)
}

func equalNumbers(a, b any, inside bool) bool {
	an, aIsInt := integerOf(a)
	bn, bIsInt := integerOf(b)
	af, aIsFloat := a.(float64)
	bf, bIsFloat := b.(float64)
	switch {
	case aIsInt && bIsInt:
		return an == bn || an.isZero() && bn.isZero()
	case aIsInt && bIsFloat:
		return an.equalsFloat(bf)
	case aIsFloat && bIsInt:
		return bn.equalsFloat(af)
	case aIsFloat && bIsFloat:
		return af == bf || inside && math.IsNaN(af) && math.IsNaN(bf)
	}
	return false
}

// integerOf reads integers and, as Python does, booleans.
func integerOf(v any) (Int, bool) {
	if b, ok := v.(bool); ok {
		if b {
			return "1", true
		}
		return "0", true
	}
	return asInt(v)
}
