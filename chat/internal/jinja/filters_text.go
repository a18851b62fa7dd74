package jinja

// Filters that make text, as jinja2/filters.py has them.

import (
	"net/url"
	"strings"
	"unicode"
)

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

func centerFilter(v Value, c *call) Value {
	width := intOr(c.take(0, "width")[0], 80)
	return textMethods["center"](str(v), &call{positional: []Value{width}})
}

func escapeFilter(v Value, c *call) Value { return str(v).escaped() }

func safeFilter(v Value, c *call) Value { return str(v).safe() }

func forceescapeFilter(v Value, c *call) Value { return plainText(str(v)).escaped() }

// plainText is a text that is no markup.
func plainText(t Text) Text {
	t.markup = false
	return t
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

func replaceFilter(v Value, c *call) Value {
	a := c.take(2, "old", "new", "count")
	limit := -1
	if given(a[2]) && a[2] != nil {
		limit = intOr(a[2], -1)
	}
	return plainText(str(v)).replace(str(a[0]).S, plainText(str(a[1])), limit)
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
