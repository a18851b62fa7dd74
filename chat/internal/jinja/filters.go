package jinja

// Filters, as jinja2/filters.py has them; tojson is transformers'.

import (
	"math"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// jinjaFilters are the filters of Jinja2 3.1, so that one that is not supported
// here is told from a mistake.
var jinjaFilters = strings.Fields(`abs attr batch capitalize center count d default dictsort e escape filesizeformat first
	float forceescape format groupby indent int items join last length list lower map max min pprint random reject
	rejectattr replace reverse round safe select selectattr slice sort string striptags sum title tojson trim truncate
	unique upper urlencode urlize wordcount wordwrap xmlattr`)

type filter func(v Value, c *call) Value

var filters map[string]filter

// The table refers to functions that call filters by name, so it is filled
// after them.
func init() {
	filters = map[string]filter{
		"abs": absFilter, "attr": attrFilter, "batch": batchFilter, "capitalize": textFilter(capitalize),
		"center": centerFilter, "count": lengthFilter, "d": defaultFilter, "default": defaultFilter,
		"dictsort": dictsortFilter, "e": escapeFilter, "escape": escapeFilter, "first": firstFilter,
		"float": floatFilter, "forceescape": forceescapeFilter, "format": formatFilter, "indent": indentFilter, "int": intFilter, "items": itemsFilter, "join": joinFilter, "last": lastFilter,
		"length": lengthFilter, "list": listFilter, "lower": textFilter(lower), "map": mapFilter,
		"max": extremeFilter(1), "min": extremeFilter(-1), "reject": selectFilter(false), "rejectattr": selectattrFilter(false),
		"replace": replaceFilter, "reverse": reverseFilter, "round": roundFilter, "safe": safeFilter,
		"select": selectFilter(true), "selectattr": selectattrFilter(true), "slice": sliceFilter, "sort": sortFilter,
		"string": stringFilter, "sum": sumFilter, "title": textFilter(titleFilter), "tojson": tojsonFilter, "trim": trimFilter,
		"truncate": truncateFilter, "unique": uniqueFilter, "upper": textFilter(upper),
		"urlencode": urlencodeFilter, "wordcount": wordcountFilter,
	}
}

func given(v Value) bool { return v != absent{} }

// or is an optional argument.
func or(v, otherwise Value) Value {
	if given(v) {
		return v
	}
	return otherwise
}

func stringFilter(v Value, c *call) Value { return str(v) }

func textFilter(f func(string) string) filter {
	return func(v Value, c *call) Value {
		c.take(0)
		t := str(v)
		return t.same(f(t.S))
	}
}

// titleFilter is Jinja2's own: words begin after white space, - ( { [ <.
func titleFilter(s string) string {
	var b strings.Builder
	start := true
	for _, r := range s {
		if start {
			b.WriteRune(unicode.ToUpper(r))
		} else {
			b.WriteRune(unicode.ToLower(r))
		}
		start = isSpace(r) || strings.ContainsRune("-({[<", r)
	}
	return b.String()
}

func absFilter(v Value, c *call) Value {
	if i, ok := asInt(defined(v)); ok {
		return max(i, -i)
	}
	if f, ok := v.(float64); ok {
		return math.Abs(f)
	}
	panic(failf("bad operand type for abs(): '%s'", typeName(v)))
}

func attrFilter(v Value, c *call) Value {
	name := str(c.take(1, "name")[0])
	if a, ok := attribute(v, name.S); ok {
		return a
	}
	return missing(v, name)
}

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

func centerFilter(v Value, c *call) Value {
	width := intOr(c.take(0, "width")[0], 80)
	return textMethods["center"](str(v), &call{positional: []Value{width}})
}

func lengthFilter(v Value, c *call) Value { return length(v) }

func defaultFilter(v Value, c *call) Value {
	a := c.take(0, "default_value", "boolean")
	if _, ok := v.(Undefined); ok || truth(or(a[1], false)) && !truth(v) {
		return or(a[0], plain(""))
	}
	return v
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

func escapeFilter(v Value, c *call) Value { return str(v).escaped() }

func safeFilter(v Value, c *call) Value { return str(v).safe() }

func forceescapeFilter(v Value, c *call) Value { return plainText(str(v)).escaped() }

// plainText is a text that is no markup.
func plainText(t Text) Text {
	t.markup = false
	return t
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

func floatFilter(v Value, c *call) Value {
	otherwise := or(c.take(0, "default")[0], 0.0)
	if f, ok := asFloat(v); ok {
		return f
	}
	if t, ok := v.(Text); ok {
		s := strings.TrimFunc(t.S, isSpace)
		if f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64); err == nil && !strings.ContainsAny(s, "xXpP") {
			return f
		}
	}
	return otherwise
}

func intFilter(v Value, c *call) Value {
	a := c.take(0, "default", "base")
	otherwise, base := or(a[0], 0), intOr(a[1], 10)
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return otherwise
		}
		n, _ := big.NewFloat(v).Int(nil)
		return smallInt(n)
	case *big.Int:
		return v
	case Text:
		s := strings.ReplaceAll(strings.ToLower(strings.TrimFunc(v.S, isSpace)), "_", "")
		for prefix, of := range map[string]int{"0x": 16, "0o": 8, "0b": 2} {
			if base == of {
				s = strings.TrimPrefix(s, prefix)
			}
		}
		if base < 2 || base > 36 {
			return otherwise
		}
		if n, ok := new(big.Int).SetString(s, base); ok {
			return smallInt(n)
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			n, _ := big.NewFloat(f).Int(nil)
			return smallInt(n)
		}
		return otherwise
	}
	if i, ok := asInt(v); ok {
		return i
	}
	return otherwise
}

func formatFilter(v Value, c *call) Value {
	if len(c.names) > 0 {
		d := &Dict{}
		for i, name := range c.names {
			d.Set(plain(name), c.named[i])
		}
		return percent(str(v), d)
	}
	return percent(str(v), Tuple(c.positional))
}

func indentFilter(v Value, c *call) Value {
	a := c.take(0, "width", "first", "blank")
	indent, ok := a[0].(Text)
	if !ok {
		indent = repeat(plain(" "), intOr(a[0], 4)).(Text)
	}
	t := textOf(v)
	lines := concat(t, plain("\n")).lines(false)
	var b builder
	for i, line := range lines {
		if i > 0 {
			b.addString("\n")
		}
		if i == 0 && !truth(or(a[1], false)) || i > 0 && line.S == "" && !truth(or(a[2], false)) {
			b.add(line)
			continue
		}
		b.add(indent)
		b.add(line)
	}
	out := b.text()
	out.markup = t.markup
	return out
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

func replaceFilter(v Value, c *call) Value {
	a := c.take(2, "old", "new", "count")
	limit := -1
	if given(a[2]) && a[2] != nil {
		limit = intOr(a[2], -1)
	}
	return plainText(str(v)).replace(str(a[0]).S, plainText(str(a[1])), limit)
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

func roundFilter(v Value, c *call) Value {
	a := c.take(0, "precision", "method")
	precision, method := max(-400, min(intOr(a[0], 0), 400)), str(or(a[1], plain("common"))).S
	f, ok := asFloat(defined(v))
	if !ok {
		panic(failf("round needs a number, not '%s'", typeName(v)))
	}
	scale := math.Pow(10, float64(precision))
	switch method {
	case "common":
		if precision >= 0 {
			// To nearest, ties to even, of the exact binary value: what Python's round does.
			f, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'f', precision, 64), 64)
			if _, isInt := asInt(v); isInt {
				i, _ := asInt(v)
				return i
			}
			return f
		}
		f = math.RoundToEven(f*scale) / scale
		if _, isInt := asInt(v); isInt {
			return int(f)
		}
		return f
	case "ceil":
		return math.Ceil(f*scale) / scale
	case "floor":
		return math.Floor(f*scale) / scale
	}
	panic(failf("method must be common, ceil or floor"))
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

func tojsonFilter(v Value, c *call) Value {
	a := c.take(0, "ensure_ascii", "indent", "separators", "sort_keys")
	return toJSON(v, a)
}

func trimFilter(v Value, c *call) Value {
	chars := c.take(0, "chars")[0]
	if !given(chars) || chars == nil {
		return str(v).strip(nil, true, true)
	}
	set := str(chars).S
	return str(v).strip(&set, true, true)
}

func truncateFilter(v Value, c *call) Value {
	a := c.take(0, "length", "killwords", "end", "leeway")
	n, end, leeway := intOr(a[0], 255), str(or(a[2], plain("..."))), intOr(a[3], 5)
	t := str(v)
	if n < end.length() {
		panic(failf("truncate: a length of at least %d is expected", end.length()))
	}
	if t.length() <= n+leeway {
		return t
	}
	to := n - end.length()
	cut := cutText(t, [3]*int{nil, &to, nil}).(Text)
	if !truth(or(a[1], false)) {
		if i := strings.LastIndexByte(cut.S, ' '); i >= 0 {
			cut = cut.cut(0, i)
		}
	}
	return concat(cut, end)
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

func urlencodeFilter(v Value, c *call) Value {
	quote := func(s, safe string) string {
		s = strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
		s = strings.ReplaceAll(s, "%7E", "~")
		for _, r := range safe {
			s = strings.ReplaceAll(s, url.QueryEscape(string(r)), string(r))
		}
		return s
	}
	if t, ok := v.(Text); ok {
		return t.as(quote(t.S, "/"))
	}
	pairs := iterate(v)
	if d, ok := v.(*Dict); ok {
		pairs = d.items()
	}
	var parts []string
	for _, pair := range pairs {
		kv := iterate(pair)
		if len(kv) != 2 {
			panic(failf("urlencode needs a string, a dict or pairs"))
		}
		encode := func(v Value) string { return strings.ReplaceAll(quote(str(v).S, ""), "%20", "+") }
		parts = append(parts, encode(kv[0])+"="+encode(kv[1]))
	}
	return plain(strings.Join(parts, "&"))
}

func wordcountFilter(v Value, c *call) Value {
	return len(strings.FieldsFunc(str(v).S, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsNumber(r) }))
}
