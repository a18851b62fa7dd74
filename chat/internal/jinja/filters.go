package jinja

// Filters, as jinja2/filters.py has them; tojson is transformers'.

import (
	"math"
	"math/big"
	"strconv"
	"strings"
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

func lengthFilter(v Value, c *call) Value { return length(v) }

func defaultFilter(v Value, c *call) Value {
	a := c.take(0, "default_value", "boolean")
	if _, ok := v.(Undefined); ok || truth(or(a[1], false)) && !truth(v) {
		return or(a[0], plain(""))
	}
	return v
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

func tojsonFilter(v Value, c *call) Value {
	a := c.take(0, "ensure_ascii", "indent", "separators", "sort_keys")
	return toJSON(v, a)
}
