package jinja

// Formatting: the % operator and str.format, in the forms that templates use.

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

var conversion = regexp.MustCompile(`^%(?:\((\w+)\))?([-+ #0]*)(\d+|\*)?(?:\.(\d+|\*))?[hlL]?(.)`)

// percent is Python's format % values.
func percent(t Text, values Value) Text {
	queue, isTuple := values.(Tuple)
	if !isTuple {
		queue = Tuple{values}
	}
	next := func() Value {
		if len(queue) == 0 {
			panic(failf("not enough arguments for format string"))
		}
		v := queue[0]
		queue = queue[1:]
		return v
	}
	var b builder
	for i := 0; i < len(t.S); {
		j := strings.IndexByte(t.S[i:], '%')
		if j < 0 {
			b.add(t.cut(i, len(t.S)))
			break
		}
		b.add(t.cut(i, i+j))
		i += j
		m := conversion.FindStringSubmatch(t.S[i:])
		if m == nil {
			panic(failf("incomplete format %q", t.S[i:]))
		}
		i += len(m[0])
		if m[5] == "%" {
			b.addString("%")
			continue
		}
		f := fieldFormat{kind: m[5], precision: -1}
		for _, flag := range m[2] {
			switch flag {
			case '-':
				f.align = "<"
			case '+', ' ':
				if f.sign != "+" {
					f.sign = string(flag)
				}
			case '0':
				f.zero = true
			case '#':
				f.alternate = true
			}
		}
		number := func(s string) int {
			if s == "*" {
				return intOr(next(), 0)
			}
			n, _ := strconv.Atoi(s)
			return n
		}
		if m[3] != "" {
			f.width = number(m[3])
		}
		if m[4] != "" {
			f.precision = number(m[4])
		}
		var v Value
		if m[1] == "" {
			v = next()
		} else {
			d, ok := values.(*Dict)
			if !ok {
				panic(failf("format requires a mapping"))
			}
			queue = nil
			if v, ok = d.Get(plain(m[1])); !ok {
				panic(failf("the format names '%s', which is not given", m[1]))
			}
		}
		b.add(t.like(f.percent(v)))
	}
	if _, isDict := values.(*Dict); len(queue) > 0 && !isDict {
		panic(failf("not all arguments converted during string formatting"))
	}
	out := b.text()
	out.markup = t.markup
	return out
}

// fieldFormat is one field's format.
type fieldFormat struct {
	fill      string
	align     string // < > ^ =
	sign      string
	alternate bool
	zero      bool
	width     int
	grouping  string
	precision int // -1 when none is given
	kind      string
}

func (f fieldFormat) percent(v Value) Text {
	switch f.kind {
	case "s", "r", "a":
		t := str(v)
		if f.kind != "s" {
			t = t.as(repr(v))
		}
		return f.pad(f.clip(t), ">")
	case "d", "i", "u":
		if x, ok := v.(float64); ok {
			v = int(x)
		}
		f.kind = "d"
		return f.number(v)
	case "x", "X", "o", "f", "F", "e", "E", "g", "G":
		return f.number(v)
	case "c":
		if n, ok := asInt(v); ok {
			return f.pad(plain(string(rune(n))), ">")
		}
		return f.pad(textOf(v), ">")
	}
	panic(failf("unsupported format character '%s'", f.kind))
}

// clip applies the precision of a string.
func (f fieldFormat) clip(t Text) Text {
	if f.precision < 0 {
		return t
	}
	return cutText(t, [3]*int{nil, &f.precision, nil}).(Text)
}

func (f fieldFormat) pad(t Text, align string) Text {
	if f.align != "" && f.align != "=" {
		align = f.align
	}
	free := min(f.width, maxRepeat) - t.length()
	if free <= 0 {
		return t
	}
	fill := plain(" ")
	if f.fill != "" {
		fill = plain(f.fill)
	}
	left := 0
	switch align {
	case ">":
		left = free
	case "^":
		left = free / 2
	}
	return concat(repeat(fill, left).(Text), t, repeat(fill, free-left).(Text))
}

// number writes an int or a float.
func (f fieldFormat) number(v Value) Text {
	var digits string
	negative := false
	if n, ok := bigOf(v); ok && strings.Contains("dxXobn", f.kind) {
		negative = n.Sign() < 0
		base, prefix := 10, ""
		switch f.kind {
		case "x", "X":
			base, prefix = 16, "0x"
		case "o":
			base, prefix = 8, "0o"
		case "b":
			base, prefix = 2, "0b"
		}
		digits = new(big.Int).Abs(n).Text(base)
		if f.alternate {
			digits = prefix + digits
		}
	} else {
		x, ok := asFloat(v)
		if !ok || strings.Contains("dxXob", f.kind) {
			panic(failf("the format '%s' does not take a '%s'", f.kind, typeName(v)))
		}
		negative = math.Signbit(x)
		digits = f.float(math.Abs(x))
	}
	if f.kind == "X" || f.kind == "E" || f.kind == "F" || f.kind == "G" {
		digits = asciiUpper(digits)
	}
	if f.grouping != "" {
		digits = group(digits, f.grouping)
	}
	sign := ""
	switch {
	case negative:
		sign = "-"
	case f.sign == "+" || f.sign == " ":
		sign = f.sign
	}
	if (f.zero && f.align == "" || f.align == "=") && f.width > len(sign)+len(digits) {
		fill := "0"
		if f.fill != "" && f.align == "=" {
			fill = f.fill
		}
		digits = strings.Repeat(fill, min(f.width, maxRepeat)-len(sign)-len(digits)) + digits
	}
	return f.pad(plain(sign+digits), ">")
}

func bigOf(v Value) (*big.Int, bool) {
	if n, ok := v.(*big.Int); ok {
		return n, true
	}
	i, ok := asInt(v)
	return big.NewInt(int64(i)), ok
}

func (f fieldFormat) float(x float64) string {
	precision := min(f.precision, 1000)
	if precision < 0 {
		precision = 6
	}
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return strings.TrimPrefix(reprFloat(x), "-")
	}
	switch f.kind {
	case "f", "F":
		return strconv.FormatFloat(x, 'f', precision, 64)
	case "%":
		return strconv.FormatFloat(x*100, 'f', precision, 64) + "%"
	case "e", "E":
		return strconv.FormatFloat(x, 'e', precision, 64)
	case "":
		if f.precision < 0 {
			return reprFloat(x)
		}
	}
	// g: the shorter of f and e, without zeros at the end.
	precision = max(precision, 1)
	e := strconv.FormatFloat(x, 'e', precision-1, 64)
	exponent, _ := strconv.Atoi(e[strings.IndexByte(e, 'e')+1:])
	if exponent >= -4 && exponent < precision {
		return trimZeros(strconv.FormatFloat(x, 'f', precision-1-exponent, 64))
	}
	mantissa, rest, _ := strings.Cut(e, "e")
	return trimZeros(mantissa) + "e" + rest
}

func trimZeros(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// group puts a separator between thousands.
func group(digits, sep string) string {
	whole, rest := digits, ""
	if i := strings.IndexAny(digits, ".e%"); i >= 0 {
		whole, rest = digits[:i], digits[i:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + sep + whole[i:]
	}
	return whole + rest
}

var (
	replacement = regexp.MustCompile(`\{\{|\}\}|\{(\w*)(![rs])?(?::([^{}]*))?\}|[{}]`)
	formatSpec  = regexp.MustCompile(`^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$`)
)

// format is str.format. Fields that look into their value ({0.name}, {0[1]}) are
// not supported.
func format(t Text, c *call) Text {
	var b builder
	done, auto := 0, 0
	for _, m := range replacement.FindAllStringSubmatchIndex(t.S, -1) {
		b.add(t.cut(done, m[0]))
		done = m[1]
		piece := t.S[m[0]:m[1]]
		if piece == "{{" || piece == "}}" {
			b.addString(piece[:1])
			continue
		}
		if len(piece) == 1 {
			panic(failf("str.format: the field at %q is not supported", t.S[m[0]:]))
		}
		name := t.S[m[2]:m[3]]
		if name == "" {
			name = strconv.Itoa(auto)
			auto++
		}
		v := c.field(name)
		if m[4] >= 0 && piece[m[4]-m[0]+1] == 'r' {
			v = plain(repr(v))
		}
		spec := ""
		if m[6] >= 0 {
			spec = t.S[m[6]:m[7]]
		}
		b.add(t.like(formatField(v, spec)))
	}
	b.add(t.cut(done, len(t.S)))
	out := b.text()
	out.markup = t.markup
	return out
}

// field is the argument of a number or a name.
func (c *call) field(name string) Value {
	if i, err := strconv.Atoi(name); err == nil {
		if i >= len(c.positional) {
			panic(failf("str.format: there is no argument number %d", i))
		}
		return c.positional[i]
	}
	for i, n := range c.names {
		if n == name {
			return c.named[i]
		}
	}
	panic(failf("str.format: there is no argument '%s'", name))
}

func formatField(v Value, spec string) Text {
	m := formatSpec.FindStringSubmatch(spec)
	if m == nil {
		panic(failf("str.format: the format '%s' is not supported", spec))
	}
	f := fieldFormat{fill: m[1], align: m[2], sign: m[3], alternate: m[4] != "", zero: m[5] != "", grouping: m[7], precision: -1, kind: m[9]}
	f.width, _ = strconv.Atoi(m[6])
	if m[8] != "" {
		f.precision, _ = strconv.Atoi(m[8])
	}
	if _, isNumber := asFloat(v); isNumber && f.kind != "s" {
		if _, isInt := bigOf(v); isInt && f.kind == "" {
			f.kind = "d"
		}
		return f.number(v)
	}
	if f.kind != "" && f.kind != "s" {
		panic(failf("Unknown format code '%s' for object of type '%s'", f.kind, typeName(v)))
	}
	return f.pad(f.clip(str(v)), "<")
}
