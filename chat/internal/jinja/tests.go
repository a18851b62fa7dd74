package jinja

// Tests ("is defined"), as jinja2/tests.py has them.

import (
	"math/big"
	"strings"
	"unicode"
)

// jinjaTests are the tests of Jinja2 3.1.
var jinjaTests = strings.Fields(`boolean callable defined divisibleby eq equalto escaped even false filter float ge greaterthan gt in
	integer iterable le lessthan lower lt mapping ne none number odd sameas sequence string test true undefined upper`)

type test func(v Value, c *call) bool

var tests = map[string]test{
	"boolean":     is[bool],
	"callable":    isCallable,
	"defined":     func(v Value, _ *call) bool { _, u := v.(Undefined); return !u },
	"undefined":   is[Undefined],
	"divisibleby": func(v Value, c *call) bool { return equal(arithmetic("%", defined(v), c.take(1, "num")[0]), 0) },
	"even":        func(v Value, _ *call) bool { return equal(arithmetic("%", defined(v), 2), 0) },
	"odd":         func(v Value, _ *call) bool { return equal(arithmetic("%", defined(v), 2), 1) },
	"eq":          comparison("=="), "equalto": comparison("=="),
	"ne": comparison("!="),
	"ge": comparison(">="), "gt": comparison(">"), "greaterthan": comparison(">"),
	"le": comparison("<="), "lt": comparison("<"), "lessthan": comparison("<"),
	"in":       func(v Value, c *call) bool { return contains(c.take(1, "seq")[0], v) },
	"true":     func(v Value, _ *call) bool { return v == true },
	"false":    func(v Value, _ *call) bool { return v == false },
	"none":     func(v Value, _ *call) bool { return v == nil },
	"float":    is[float64],
	"integer":  func(v Value, c *call) bool { return is[int](v, c) || is[*big.Int](v, c) },
	"number":   func(v Value, _ *call) bool { _, ok := asFloat(v); return ok },
	"string":   is[Text],
	"mapping":  is[*Dict],
	"iterable": func(v Value, _ *call) bool { return isIterable(v) },
	"sequence": isSequence,
	"sameas":   func(v Value, c *call) bool { return same(v, c.take(1, "other")[0]) },
	"escaped":  func(v Value, _ *call) bool { t, ok := v.(Text); return ok && t.markup },
	"lower":    func(v Value, c *call) bool { return textMethods["islower"](str(v), c).(bool) },
	"upper":    func(v Value, c *call) bool { return textMethods["isupper"](str(v), c).(bool) },
	"filter": func(v Value, _ *call) bool {
		t, ok := v.(Text)
		_, known := filters[t.S]
		return ok && known
	},
	"test": func(v Value, _ *call) bool {
		t, ok := v.(Text)
		return ok && strings.Contains(" "+strings.Join(jinjaTests, " ")+" ", " "+t.S+" ")
	},
}

func init() {
	for op, name := range map[string]string{"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"} {
		tests[op] = tests[name] // for select("==", x)
	}
}

func is[T any](v Value, _ *call) bool { _, ok := v.(T); return ok }

func comparison(op string) test {
	return func(v Value, c *call) bool { return compareValues(op, v, c.take(1, "other")[0]) }
}

func isCallable(v Value, _ *call) bool {
	switch v.(type) {
	case Func, *Macro, *loop, Undefined: // Undefined has a __call__ that fails
		return true
	}
	return false
}

func isSequence(v Value, _ *call) bool {
	switch v.(type) {
	case Text, *List, Tuple, *Dict, Undefined:
		return true
	}
	return false
}

// same is Python's "is" as far as templates can rely on it.
func same(a, b Value) bool {
	switch a := a.(type) {
	case nil, bool, *List, *Dict, *Namespace, *Macro, *Stream:
		return a == b
	}
	return typeName(a) == typeName(b) && equal(a, b)
}

// asciiUpper is used where Python's formatting has capitals.
func asciiUpper(s string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII {
			return unicode.ToUpper(r)
		}
		return r
	}, s)
}
