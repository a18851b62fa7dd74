package jinja

// Filters of sequences, as jinja2/filters.py has them.

import (
	"slices"
	"strconv"
	"strings"
)

func batchFilter(v Value, c *call) Value {
	a := c.take(1, "linecount", "fill_with")
	n := intOr(a[0], 1)
	if n < 1 || n > maxRepeat {
		panic(failf("batch needs a number from 1 to %d", maxRepeat))
	}
	out := &Stream{}
	for part := range slices.Chunk(iterate(v), n) {
		items := slices.Clone(part)
		for given(a[1]) && a[1] != nil && len(items) < n {
			items = append(items, a[1])
		}
		out.items = append(out.items, &List{Items: items})
	}
	return out
}

func sliceFilter(v Value, c *call) Value {
	a := c.take(1, "slices", "fill_with")
	n, items := intOr(a[0], 1), iterate(v)
	if n < 1 || n > maxRepeat {
		panic(failf("slice needs a number from 1 to %d", maxRepeat))
	}
	out := &Stream{}
	size, extra := len(items)/n, len(items)%n
	for i := range n {
		k := size
		if i < extra {
			k++
		}
		part := slices.Clone(items[:k])
		items = items[k:]
		if given(a[1]) && a[1] != nil && i >= extra {
			part = append(part, a[1])
		}
		out.items = append(out.items, &List{Items: part})
	}
	return out
}

// sortKey makes strings compare without case, as Jinja2 does by default.
func sortKey(v Value, caseSensitive bool) Value {
	if t, ok := v.(Text); ok && !caseSensitive {
		return plain(strings.ToLower(t.S))
	}
	return v
}

// sortBy sorts stably by a key; values without an order are a failure.
func sortBy(items []Value, reverse bool, key func(Value) Value) {
	slices.SortStableFunc(items, func(a, b Value) int {
		x, y := defined(key(a)), defined(key(b))
		o, comparable := order(x, y)
		if !comparable {
			panic(failf("'<' not supported between instances of '%s' and '%s'", typeName(x), typeName(y)))
		}
		if reverse {
			return -o
		}
		return o
	})
}

func dictsortFilter(v Value, c *call) Value {
	a := c.take(0, "case_sensitive", "by", "reverse")
	d, ok := v.(*Dict)
	if !ok {
		panic(failf("dictsort needs a dict, not '%s'", typeName(v)))
	}
	at := map[string]int{"key": 0, "value": 1}
	by, ok := at[str(or(a[1], plain("key"))).S]
	if !ok {
		panic(failf("you can only sort by either 'key' or 'value'"))
	}
	items := d.items()
	sortBy(items, truth(or(a[2], false)), func(pair Value) Value {
		return sortKey(pair.(Tuple)[by], truth(or(a[0], false)))
	})
	return &List{Items: items}
}

func sortFilter(v Value, c *call) Value {
	a := c.take(0, "reverse", "case_sensitive", "attribute")
	items := slices.Clone(iterate(v))
	var paths []string
	if given(a[2]) && a[2] != nil {
		paths = strings.Split(str(a[2]).S, ",")
	}
	sortBy(items, truth(or(a[0], false)), func(item Value) Value {
		if paths == nil {
			return sortKey(item, truth(or(a[1], false)))
		}
		key := Tuple{}
		for _, path := range paths {
			key = append(key, sortKey(deepAttribute(item, plain(path)), truth(or(a[1], false))))
		}
		return key
	})
	return &List{Items: items}
}

// deepAttribute follows a path like "function.name" or "args.0".
func deepAttribute(v Value, path Value) Value {
	if i, ok := asInt(path); ok {
		return subscript(v, i)
	}
	for part := range strings.SplitSeq(str(path).S, ".") {
		if i, err := strconv.Atoi(part); err == nil {
			v = subscript(v, i)
		} else {
			v = subscript(v, plain(part))
		}
	}
	return v
}

func firstFilter(v Value, c *call) Value {
	items := iterate(v)
	if len(items) == 0 {
		return Undefined{"No first item, sequence was empty."}
	}
	if s, ok := v.(*Stream); ok {
		s.items = items[1:]
	}
	return items[0]
}

func lastFilter(v Value, c *call) Value {
	if _, ok := v.(*Stream); ok {
		panic(failf("'generator' object is not reversible"))
	}
	items := iterate(v)
	if len(items) == 0 {
		return Undefined{"No last item, sequence was empty."}
	}
	return items[len(items)-1]
}

func itemsFilter(v Value, c *call) Value {
	switch v := v.(type) {
	case Undefined:
		return &Stream{}
	case *Dict:
		return &Stream{v.items()}
	}
	panic(failf("Can only get item pairs from a mapping."))
}

func joinFilter(v Value, c *call) Value {
	a := c.take(0, "d", "attribute")
	sep := str(or(a[0], plain("")))
	var b builder
	for i, item := range iterate(v) {
		if i > 0 {
			b.add(sep)
		}
		if given(a[1]) && a[1] != nil {
			item = deepAttribute(item, a[1])
		}
		b.add(str(item))
	}
	return b.text()
}

func listFilter(v Value, c *call) Value { return &List{Items: slices.Clone(iterate(v))} }

// sifted lists what map, select and their kin go through: nothing, for what is
// false, even where it could not be gone through (None).
func sifted(v Value) []Value {
	if !truth(v) {
		return nil
	}
	return iterate(v)
}

func mapFilter(v Value, c *call) Value {
	items := sifted(v)
	out := &Stream{}
	if i := slices.Index(c.names, "attribute"); i >= 0 && len(c.positional) == 0 {
		var otherwise Value = absent{}
		if j := slices.Index(c.names, "default"); j >= 0 {
			otherwise = c.named[j]
		}
		for _, item := range items {
			a := deepAttribute(item, c.named[i])
			if _, ok := a.(Undefined); ok && given(otherwise) {
				a = otherwise
			}
			out.items = append(out.items, a)
		}
		return out
	}
	if len(c.positional) == 0 {
		panic(failf("map requires a filter argument"))
	}
	f := filterNamed(str(c.positional[0]).S)
	for _, item := range items {
		out.items = append(out.items, f(item, c.rest(1)))
	}
	return out
}

// rest is the call without its first arguments.
func (c *call) rest(n int) *call {
	return &call{positional: c.positional[n:], names: c.names, named: c.named, scope: c.scope}
}

// testCall is the test that the arguments from at on name; without one, truth.
func (c *call) testCall(at int) func(Value) bool {
	if len(c.positional) <= at {
		return truth
	}
	t := testNamed(str(c.positional[at]).S)
	return func(v Value) bool { return t(v, c.rest(at+1)) }
}

func selectFilter(keep bool) filter {
	return func(v Value, c *call) Value {
		test, out := c.testCall(0), &Stream{}
		for _, item := range sifted(v) {
			if test(item) == keep {
				out.items = append(out.items, item)
			}
		}
		return out
	}
}

func selectattrFilter(keep bool) filter {
	return func(v Value, c *call) Value {
		if len(c.positional) == 0 {
			panic(failf("Missing parameter for attribute name"))
		}
		test, out := c.testCall(1), &Stream{}
		for _, item := range sifted(v) {
			if test(deepAttribute(item, c.positional[0])) == keep {
				out.items = append(out.items, item)
			}
		}
		return out
	}
}

func extremeFilter(sign int) filter {
	return func(v Value, c *call) Value {
		a := c.take(0, "case_sensitive", "attribute")
		items := slices.Clone(iterate(v))
		if len(items) == 0 {
			return Undefined{"No aggregated item, sequence was empty."}
		}
		sortBy(items, sign > 0, func(item Value) Value {
			if given(a[1]) && a[1] != nil {
				item = deepAttribute(item, a[1])
			}
			return sortKey(item, truth(or(a[0], false)))
		})
		return items[0]
	}
}

func reverseFilter(v Value, c *call) Value {
	if t, ok := v.(Text); ok {
		chars := t.chars()
		slices.Reverse(chars)
		return concat(chars...)
	}
	items := slices.Clone(iterate(v))
	slices.Reverse(items)
	return &Stream{items}
}

func sumFilter(v Value, c *call) Value {
	a := c.take(0, "attribute", "start")
	total := or(a[1], 0)
	for _, item := range iterate(v) {
		if given(a[0]) && a[0] != nil {
			item = deepAttribute(item, a[0])
		}
		total = arithmetic("+", total, defined(item))
	}
	return total
}

func uniqueFilter(v Value, c *call) Value {
	a := c.take(0, "case_sensitive", "attribute")
	seen, out := &Dict{}, &Stream{}
	for _, item := range iterate(v) {
		key := item
		if given(a[1]) && a[1] != nil {
			key = deepAttribute(item, a[1])
		}
		key = sortKey(key, truth(or(a[0], false)))
		if _, ok := seen.Get(key); !ok {
			seen.Set(key, true)
			out.items = append(out.items, item)
		}
	}
	return out
}
