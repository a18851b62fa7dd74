package jinja

// Attributes: methods of strings, dicts, lists and numbers, and what loops,
// namespaces and macros show.

import (
	"slices"
	"strings"
)

// attribute is of.name where there is one. What Jinja2's immutable sandbox
// forbids gives an undefined value that says so when it is used.
func attribute(of Value, name string) (Value, bool) {
	switch of := of.(type) {
	case Text:
		if m, ok := textMethods[name]; ok {
			return Func(func(c *call) Value { return m(of, c) }), true
		}
	case *Dict:
		if m, ok := dictMethods[name]; ok {
			return Func(func(c *call) Value { return m(of, c) }), true
		}
		if slices.Contains([]string{"clear", "pop", "popitem", "setdefault", "update"}, name) {
			return unsafe(of, name), true
		}
	case *List:
		if m, ok := sequenceMethods[name]; ok {
			return Func(func(c *call) Value { return m(of.Items, c) }), true
		}
		if name == "copy" {
			return Func(func(c *call) Value { return &List{Items: slices.Clone(of.Items), Who: of.Who} }), true
		}
		if slices.Contains([]string{"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"}, name) {
			return unsafe(of, name), true
		}
	case Tuple:
		if m, ok := sequenceMethods[name]; ok {
			return Func(func(c *call) Value { return m(of, c) }), true
		}
	case *Namespace:
		checkAttribute(name)
		return of.attributes.Get(plain(name))
	case *loop:
		return of.attribute(name)
	case *Macro:
		switch name {
		case "name":
			return plain(of.name), true
		case "arguments":
			names := Tuple{}
			for _, p := range of.parameters {
				names = append(names, plain(p))
			}
			return names, true
		case "catch_kwargs":
			return of.kwargs, true
		case "catch_varargs":
			return of.varargs, true
		case "caller":
			return of.caller, true
		}
	case float64:
		if name == "is_integer" {
			return Func(func(*call) Value { return of == float64(int(of)) }), true
		}
	}
	if strings.HasPrefix(name, "_") {
		return unsafe(of, name), true
	}
	return nil, false
}

func unsafe(of Value, name string) Value {
	return Undefined{"access to attribute '" + name + "' of '" + typeName(of) + "' object is unsafe."}
}

// checkAttribute refuses what transformers refuses on namespaces.
func checkAttribute(name string) {
	if strings.HasPrefix(name, "_") {
		panic(failf("a namespace has no attributes that begin with an underscore, like '%s'", name))
	}
}

func (l *loop) attribute(name string) (Value, bool) {
	n := len(l.items)
	switch name {
	case "index":
		return l.index0 + 1, true
	case "index0":
		return l.index0, true
	case "revindex":
		return n - l.index0, true
	case "revindex0":
		return n - l.index0 - 1, true
	case "first":
		return l.index0 == 0, true
	case "last":
		return l.index0 == n-1, true
	case "length":
		return n, true
	case "depth":
		return l.depth, true
	case "depth0":
		return l.depth - 1, true
	case "previtem":
		if l.index0 == 0 {
			return Undefined{"there is no previous item"}, true
		}
		return l.items[l.index0-1], true
	case "nextitem":
		if l.index0 == n-1 {
			return Undefined{"there is no next item"}, true
		}
		return l.items[l.index0+1], true
	case "cycle":
		return Func(func(c *call) Value {
			if len(c.positional) == 0 {
				panic(failf("no items for cycling given"))
			}
			return c.positional[l.index0%len(c.positional)]
		}), true
	case "changed":
		return Func(func(c *call) Value {
			now := Tuple(c.positional)
			if l.ever && equal(l.changed, now) {
				return false
			}
			l.ever, l.changed = true, now
			return true
		}), true
	}
	return nil, false
}

var dictMethods = map[string]func(*Dict, *call) Value{
	"items":  func(d *Dict, _ *call) Value { return &View{"dict_items", d.items()} },
	"keys":   func(d *Dict, _ *call) Value { return &View{"dict_keys", d.keys} },
	"values": func(d *Dict, _ *call) Value { return &View{"dict_values", d.values} },
	"copy": func(d *Dict, _ *call) Value {
		out := &Dict{Who: d.Who}
		for i, k := range d.keys {
			out.Set(k, d.values[i])
		}
		return out
	},
	"get": func(d *Dict, c *call) Value {
		a := c.take(1, "key", "default")
		if v, ok := d.Get(a[0]); ok {
			return v
		}
		if a[1] == (absent{}) {
			return nil
		}
		return a[1]
	},
}

var sequenceMethods = map[string]func([]Value, *call) Value{
	"count": func(items []Value, c *call) Value {
		wanted, n := c.take(1, "value")[0], 0
		for _, v := range items {
			if equal(v, wanted) {
				n++
			}
		}
		return n
	},
	"index": func(items []Value, c *call) Value {
		wanted := c.take(1, "value")[0]
		i := slices.IndexFunc(items, func(v Value) bool { return equal(v, wanted) })
		if i < 0 {
			panic(failf("%s is not in list", repr(wanted)))
		}
		return i
	},
}

// textOf insists on a string.
func textOf(v Value) Text {
	t, ok := defined(v).(Text)
	if !ok {
		panic(failf("a str is expected, not '%s'", typeName(v)))
	}
	return t
}

// intOr is an optional int argument.
func intOr(v Value, otherwise int) int {
	if v == (absent{}) {
		return otherwise
	}
	i, ok := asInt(defined(v))
	if !ok {
		panic(failf("an int is expected, not '%s'", typeName(v)))
	}
	return i
}
