package jinja

// The values of templates: Python's, as far as templates see them.
//
//	nil        None          Text      str
//	bool       bool          *List     list
//	int        int           Tuple     tuple
//	*big.Int   a large int   *Dict     dict
//	float64    float         *View     what dict.items() gives
//	                         *Stream   a generator
//
// and, of Jinja2 itself, Undefined, *Namespace, Func, *Macro and *loop.

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

// A Value is one of the types above.
type Value any

// Undefined stands for a name, attribute or item that is not there. It prints
// nothing and is false; most else that is done with it fails with its message.
type Undefined struct{ Message string }

// A List is a Python list. Who wrote it is the origin of text made from it.
type List struct {
	Items []Value
	Who   int
}

// A Tuple is a Python tuple.
type Tuple []Value

// A Stream is what a Python generator gives: it can be gone through once.
type Stream struct{ items []Value }

// A View is what the methods items, keys and values of a dict give.
type View struct {
	kind  string // dict_items, ...
	items []Value
}

// A Dict is a Python dict: its keys keep their order.
type Dict struct {
	keys   []Value
	values []Value
	at     map[any]int
	// Who wrote it is the origin of text made from the whole.
	Who int
	// Turn marks the dict of a message: see [Rendered].
	Turn bool
}

// A Namespace is what namespace() makes: attributes that {% set %} can change.
type Namespace struct{ attributes *Dict }

// A Func is a function or method of the environment.
type Func func(c *call) Value

// Set puts a value under a key, at the end when the key is new.
func (d *Dict) Set(key, v Value) {
	k := hashOf(key)
	if i, ok := d.at[k]; ok {
		d.values[i] = v
		return
	}
	if d.at == nil {
		d.at = map[any]int{}
	}
	d.at[k] = len(d.keys)
	d.keys = append(d.keys, key)
	d.values = append(d.values, v)
}

// Get returns the value of a key.
func (d *Dict) Get(key Value) (Value, bool) {
	i, ok := d.at[hashOf(key)]
	if !ok {
		return nil, false
	}
	return d.values[i], true
}

func (d *Dict) items() []Value {
	pairs := make([]Value, len(d.keys))
	for i := range d.keys {
		pairs[i] = Tuple{d.keys[i], d.values[i]}
	}
	return pairs
}

// tupleKey is a tuple as a key of a Go map.
type tupleKey string

// hashOf makes equal keys equal Go values: 1, 1.0 and True are one key.
func hashOf(key Value) any {
	switch k := key.(type) {
	case nil:
		return nil
	case Text:
		return k.S
	case bool:
		if k {
			return 1.0
		}
		return 0.0
	case int:
		return float64(k)
	case float64:
		return k
	case Tuple:
		return tupleKey(repr(k))
	case Undefined:
		return k
	}
	panic(failf("unhashable type: '%s'", typeName(key)))
}

// typeName is Python's name of the type, for messages.
func typeName(v Value) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int, *big.Int:
		return "int"
	case float64:
		return "float"
	case Text:
		return "str"
	case *List:
		return "list"
	case Tuple:
		return "tuple"
	case *Dict:
		return "dict"
	case *Stream:
		return "generator"
	case *View:
		return v.kind
	case Undefined:
		return "Undefined"
	case *Namespace:
		return "Namespace"
	case *Macro:
		return "Macro"
	case *loop:
		return "LoopContext"
	}
	return "function"
}

// truth is Python's bool().
func truth(v Value) bool {
	switch v := v.(type) {
	case nil, Undefined:
		return false
	case bool:
		return v
	case int:
		return v != 0
	case float64:
		return v != 0
	case Text:
		return v.S != ""
	case *List:
		return len(v.Items) > 0
	case Tuple:
		return len(v) > 0
	case *Dict:
		return len(v.keys) > 0
	case *View:
		return len(v.items) > 0
	}
	return true
}

// iterate lists what a for loop goes through.
func iterate(v Value) []Value {
	switch v := v.(type) {
	case *List:
		return v.Items
	case Tuple:
		return v
	case *Dict:
		return v.keys
	case *View:
		return v.items
	case *Stream:
		items := v.items
		v.items = nil
		return items
	case Undefined:
		return nil
	case *loop:
		return v.pairs()
	case Text:
		chars := v.chars()
		items := make([]Value, len(chars))
		for i, c := range chars {
			items[i] = c
		}
		return items
	}
	panic(failf("'%s' object is not iterable", typeName(v)))
}

func isIterable(v Value) bool {
	switch v.(type) {
	case *List, Tuple, *Dict, *View, *Stream, Undefined, Text, *loop:
		return true
	}
	return false
}

// length is Python's len().
func length(v Value) int {
	switch v := v.(type) {
	case Text:
		return v.length()
	case *List:
		return len(v.Items)
	case Tuple:
		return len(v)
	case *Dict:
		return len(v.keys)
	case *View:
		return len(v.items)
	case *loop:
		return len(v.items)
	case Undefined:
		return 0
	}
	panic(failf("object of type '%s' has no len()", typeName(v)))
}

// str is Python's str(), with the origin of the value.
func str(v Value) Text {
	switch v := v.(type) {
	case Text:
		return v
	case Undefined:
		return Text{}
	case *List:
		return Of(repr(v), v.Who)
	case *Dict:
		return Of(repr(v), v.Who)
	}
	return plain(repr(v))
}

// repr is Python's repr().
func repr(v Value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int:
		return strconv.Itoa(v)
	case *big.Int:
		return v.String()
	case float64:
		return reprFloat(v)
	case Text:
		return reprString(v.S)
	case *List:
		return "[" + reprAll(v.Items) + "]"
	case Tuple:
		if len(v) == 1 {
			return "(" + repr(v[0]) + ",)"
		}
		return "(" + reprAll(v) + ")"
	case *Dict:
		parts := make([]string, len(v.keys))
		for i, k := range v.keys {
			parts[i] = repr(k) + ": " + repr(v.values[i])
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case *View:
		return v.kind + "([" + reprAll(v.items) + "])"
	case *Namespace:
		return "<Namespace " + repr(v.attributes) + ">"
	case Undefined:
		return "Undefined"
	}
	return "<" + typeName(v) + ">"
}

func reprAll(items []Value) string {
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = repr(item)
	}
	return strings.Join(parts, ", ")
}

// reprFloat writes the shortest digits that read back as f, in Python's form.
func reprFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// reprString quotes as Python does: in single quotes unless there are only
// single ones inside.
func reprString(s string) string {
	quote := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}
