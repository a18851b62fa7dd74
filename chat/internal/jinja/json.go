package jinja

// tojson as transformers has it: Python's json.dumps, without the escapes that
// Jinja2 adds for web pages.

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// dumper is a call of json.dumps.
type dumper struct {
	strings.Builder
	ascii        bool
	sortKeys     bool
	indent       string
	lines        bool // whether there is an indent, even an empty one
	item, colon  string
	depthAllowed int
}

// toJSON is tojson(value, ensure_ascii, indent, separators, sort_keys). The text
// is of the author of the value.
func toJSON(v Value, a []Value) Text {
	d := &dumper{ascii: truth(or(a[0], false)), sortKeys: truth(or(a[3], false)), item: ", ", colon: ": ", depthAllowed: maxDepth}
	switch indent := or(a[1], nil).(type) {
	case nil:
	case Text:
		d.indent, d.lines, d.item = indent.S, true, ","
	default:
		d.indent, d.lines, d.item = strings.Repeat(" ", max(0, min(intOr(indent, 0), 100))), true, ","
	}
	if s := or(a[2], nil); s != nil {
		pair := iterate(s)
		if len(pair) != 2 {
			panic(failf("tojson: separators must be a pair"))
		}
		d.item, d.colon = textOf(pair[0]).S, textOf(pair[1]).S
	}
	d.value(v, "\n")
	switch v := v.(type) {
	case Text:
		return v.as(d.String())
	case *List:
		return Of(d.String(), v.Who)
	case *Dict:
		return Of(d.String(), v.Who)
	}
	return plain(d.String())
}

// value writes v; newline is the line end with the indent of its line.
func (d *dumper) value(v Value, newline string) {
	if d.depthAllowed--; d.depthAllowed < 0 {
		panic(failf("tojson: the value is nested too deeply"))
	}
	defer func() { d.depthAllowed++ }()
	switch v := v.(type) {
	case Text:
		d.quote(v.S)
	case *List:
		d.list(v.Items, newline)
	case Tuple:
		d.list(v, newline)
	case *Dict:
		d.dict(v, newline)
	case nil, bool, int, *big.Int, float64:
		d.WriteString(scalar(v))
	default:
		panic(failf("Object of type %s is not JSON serializable", typeName(v)))
	}
}

// scalar is a JSON scalar that is no string.
func scalar(v Value) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case float64:
		switch {
		case math.IsNaN(v):
			return "NaN"
		case math.IsInf(v, 1):
			return "Infinity"
		case math.IsInf(v, -1):
			return "-Infinity"
		}
	}
	return repr(v)
}

func (d *dumper) list(items []Value, newline string) {
	d.WriteByte('[')
	inner := newline + d.indent
	for i, item := range items {
		d.between(i, inner)
		d.value(item, inner)
	}
	d.close(len(items), newline, ']')
}

func (d *dumper) dict(v *Dict, newline string) {
	places := make([]int, len(v.keys))
	for i := range places {
		places[i] = i
	}
	if d.sortKeys {
		slices.SortStableFunc(places, func(i, j int) int {
			o, comparable := order(v.keys[i], v.keys[j])
			if !comparable {
				panic(failf("tojson: the keys have no order"))
			}
			return o
		})
	}
	d.WriteByte('{')
	inner := newline + d.indent
	for n, i := range places {
		d.between(n, inner)
		switch k := v.keys[i].(type) {
		case Text:
			d.quote(k.S)
		case nil, bool, int, *big.Int, float64:
			d.quote(scalar(k))
		default:
			panic(failf("keys must be str, int, float, bool or None, not %s", typeName(k)))
		}
		d.WriteString(d.colon)
		d.value(v.values[i], inner)
	}
	d.close(len(places), newline, '}')
}

func (d *dumper) between(i int, inner string) {
	if i > 0 {
		d.WriteString(d.item)
	}
	if d.lines {
		d.WriteString(inner)
	}
}

func (d *dumper) close(n int, newline string, end byte) {
	if d.lines && n > 0 {
		d.WriteString(newline)
	}
	d.WriteByte(end)
}

func (d *dumper) quote(s string) {
	d.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			d.WriteByte('\\')
			d.WriteRune(r)
		case r == '\n':
			d.WriteString(`\n`)
		case r == '\r':
			d.WriteString(`\r`)
		case r == '\t':
			d.WriteString(`\t`)
		case r == '\b':
			d.WriteString(`\b`)
		case r == '\f':
			d.WriteString(`\f`)
		case r < 0x20 || d.ascii && r > 0x7e && r < 0x10000:
			fmt.Fprintf(d, `\u%04x`, r)
		case d.ascii && r >= 0x10000:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(d, `\u%04x\u%04x`, high, low)
		default:
			d.WriteRune(r)
		}
	}
	d.WriteByte('"')
}
