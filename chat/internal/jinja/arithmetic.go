package jinja

// Expressions: numbers, and what + - * / // % ** make of other values, as Python's.

import (
	"math"
	"math/big"
	"slices"
)

func (n negExpr) eval(s *scope) Value {
	switch v := defined(n.of.eval(s)).(type) {
	case float64:
		return -v
	case *big.Int:
		return new(big.Int).Neg(v)
	default:
		if i, ok := asInt(v); ok {
			return -i
		}
		panic(failf("bad operand type for unary -: '%s'", typeName(v)))
	}
}

func (n posExpr) eval(s *scope) Value {
	v := defined(n.of.eval(s))
	if i, ok := asInt(v); ok {
		return i
	}
	if f, ok := v.(float64); ok {
		return f
	}
	panic(failf("bad operand type for unary +: '%s'", typeName(v)))
}

// asInt is the value of an int or a bool.
func asInt(v Value) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// asFloat is the value of any number.
func asFloat(v Value) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return f, true
	}
	i, ok := asInt(v)
	return float64(i), ok
}

func (b binaryExpr) eval(s *scope) Value {
	left, right := defined(b.left.eval(s)), defined(b.right.eval(s))
	return arithmetic(b.op, left, right)
}

func arithmetic(op string, left, right Value) Value {
	if a, ok := asInt(left); ok {
		if b, ok := asInt(right); ok {
			return intArithmetic(op, a, b)
		}
	}
	if a, ok := asFloat(left); ok {
		if b, ok := asFloat(right); ok {
			return floatArithmetic(op, a, b)
		}
	}
	switch op {
	case "+":
		switch a := left.(type) {
		case Text:
			if b, ok := right.(Text); ok {
				return plus(a, b)
			}
		case *List:
			if b, ok := right.(*List); ok {
				return &List{Items: slices.Concat(a.Items, b.Items)}
			}
		case Tuple:
			if b, ok := right.(Tuple); ok {
				return slices.Concat(a, b)
			}
		}
	case "*":
		if n, ok := asInt(right); ok {
			if v := repeat(left, n); v != nil {
				return v
			}
		}
		if n, ok := asInt(left); ok {
			if v := repeat(right, n); v != nil {
				return v
			}
		}
	case "%":
		if format, ok := left.(Text); ok {
			return percent(format, right)
		}
	}
	panic(failf("unsupported operand type(s) for %s: '%s' and '%s'", op, typeName(left), typeName(right)))
}

// maxRepeat bounds what a template can make of nothing.
const maxRepeat = 1 << 20

func repeat(v Value, n int) Value {
	n = max(n, 0)
	size := 1
	switch v := v.(type) {
	case Text:
		size = len(v.S)
	case *List:
		size = len(v.Items)
	case Tuple:
		size = len(v)
	}
	if n > 0 && size > maxRepeat/n {
		panic(failf("a repetition of %d times is too long", n))
	}
	switch v := v.(type) {
	case Text:
		out := concat(slices.Repeat([]Text{v}, n)...)
		out.markup = v.markup
		return out
	case *List:
		return &List{Items: slices.Repeat(v.Items, n)}
	case Tuple:
		return Tuple(slices.Repeat(v, n))
	}
	return nil
}

func intArithmetic(op string, a, b int) Value {
	switch op {
	case "/":
		return floatArithmetic(op, float64(a), float64(b))
	case "//", "%":
		if b == 0 {
			panic(failf("division by zero"))
		}
		q, r := a/b, a%b
		if r != 0 && (r < 0) != (b < 0) {
			q, r = q-1, r+b
		}
		if op == "%" {
			return r
		}
		return q
	case "**":
		if b < 0 {
			return floatArithmetic(op, float64(a), float64(b))
		}
		if b > 64*64 {
			panic(failf("the power %d is too large", b))
		}
		return smallInt(new(big.Int).Exp(big.NewInt(int64(a)), big.NewInt(int64(b)), nil))
	}
	x, y := big.NewInt(int64(a)), big.NewInt(int64(b))
	switch op {
	case "+":
		x.Add(x, y)
	case "-":
		x.Sub(x, y)
	default:
		x.Mul(x, y)
	}
	return smallInt(x)
}

// smallInt is an int where the number is one.
func smallInt(x *big.Int) Value {
	if x.IsInt64() && int64(int(x.Int64())) == x.Int64() {
		return int(x.Int64())
	}
	return x
}

func floatArithmetic(op string, a, b float64) Value {
	if b == 0 && (op == "/" || op == "//" || op == "%") {
		panic(failf("division by zero"))
	}
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		return a / b
	case "//":
		return math.Floor(a / b)
	case "%":
		r := math.Mod(a, b)
		if r != 0 && (r < 0) != (b < 0) {
			r += b
		}
		return r
	}
	return math.Pow(a, b)
}
