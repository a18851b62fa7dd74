package jinja

// Expressions: equality, order and membership, as Python's.

import (
	"math/big"
	"slices"
	"strings"
)

func (c compareExpr) eval(s *scope) Value {
	left := c.first.eval(s)
	for i, op := range c.ops {
		right := c.rest[i].eval(s)
		if !compareValues(op, left, right) {
			return false
		}
		left = right
	}
	return true
}

func compareValues(op string, left, right Value) bool {
	switch op {
	case "==":
		return equal(left, right)
	case "!=":
		return !equal(left, right)
	case "in":
		return contains(right, left)
	case "not in":
		return !contains(right, left)
	}
	c, comparable := order(defined(left), defined(right))
	if !comparable {
		panic(failf("'%s' not supported between instances of '%s' and '%s'", op, typeName(left), typeName(right)))
	}
	switch op {
	case "<":
		return c == -1
	case "<=":
		return c == -1 || c == 0
	case ">":
		return c == 1
	}
	return c == 1 || c == 0
}

// equal is Python's ==.
func equal(a, b Value) bool {
	if x, ok := a.(*big.Int); ok {
		if y, ok := b.(*big.Int); ok {
			return x.Cmp(y) == 0
		}
	}
	if x, ok := asFloat(a); ok {
		y, ok := asFloat(b)
		return ok && x == y
	}
	switch a := a.(type) {
	case nil:
		return b == nil
	case Text:
		b, ok := b.(Text)
		return ok && a.S == b.S
	case Undefined:
		_, ok := b.(Undefined)
		return ok
	case *List:
		b, ok := b.(*List)
		return ok && slices.EqualFunc(a.Items, b.Items, equal)
	case Tuple:
		b, ok := b.(Tuple)
		return ok && slices.EqualFunc(a, b, equal)
	case *Dict:
		b, ok := b.(*Dict)
		if !ok || len(a.keys) != len(b.keys) {
			return false
		}
		for i, k := range a.keys {
			if v, ok := b.Get(k); !ok || !equal(a.values[i], v) {
				return false
			}
		}
		return true
	case Func:
		return false
	}
	switch b.(type) {
	case Text, Func, Tuple:
		return false
	}
	return a == b // pointers
}

// order compares numbers, strings, lists and tuples: -1, 0, 1, or 2 for a pair
// of numbers without an order (NaN).
func order(a, b Value) (c int, comparable bool) {
	if x, ok := asFloat(a); ok {
		y, ok := asFloat(b)
		switch {
		case !ok:
			return 0, false
		case x < y:
			return -1, true
		case x > y:
			return 1, true
		case x == y:
			return 0, true
		}
		return 2, true
	}
	switch a := a.(type) {
	case Text:
		b, ok := b.(Text)
		return strings.Compare(a.S, b.S), ok // of UTF-8: the order of code points
	case *List:
		if b, ok := b.(*List); ok {
			return orderAll(a.Items, b.Items)
		}
	case Tuple:
		if b, ok := b.(Tuple); ok {
			return orderAll(a, b)
		}
	}
	return 0, false
}

func orderAll(a, b []Value) (c int, comparable bool) {
	for i := range min(len(a), len(b)) {
		if !equal(a[i], b[i]) {
			return order(a[i], b[i])
		}
	}
	switch {
	case len(a) < len(b):
		return -1, true
	case len(a) > len(b):
		return 1, true
	}
	return 0, true
}

// contains is Python's "item in container".
func contains(container, item Value) bool {
	switch c := container.(type) {
	case Text:
		part, ok := item.(Text)
		if !ok {
			panic(failf("'in <string>' requires string as left operand, not %s", typeName(item)))
		}
		return strings.Contains(c.S, part.S)
	case *Dict:
		_, ok := c.Get(item)
		return ok
	}
	if !isIterable(container) {
		panic(failf("argument of type '%s' is not iterable", typeName(container)))
	}
	return slices.ContainsFunc(iterate(container), func(v Value) bool { return equal(v, item) })
}
