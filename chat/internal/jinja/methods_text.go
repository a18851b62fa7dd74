package jinja

// Attributes: the methods of strings, as Python's str has them.

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// stripMethod is strip, lstrip or rstrip.
func stripMethod(left, right bool) func(Text, *call) Value {
	return func(t Text, c *call) Value {
		chars := c.take(0, "chars")[0]
		if chars == (absent{}) || chars == nil {
			return t.strip(nil, left, right)
		}
		set := textOf(chars).S
		return t.strip(&set, left, right)
	}
}

// splitMethod is split or rsplit.
func splitMethod(fromRight bool) func(Text, *call) Value {
	return func(t Text, c *call) Value {
		a := c.take(0, "sep", "maxsplit")
		limit := intOr(a[1], -1)
		var parts []Text
		switch {
		case a[0] == (absent{}) || a[0] == nil:
			parts = t.fields(limit, fromRight)
		case textOf(a[0]).S == "":
			panic(failf("empty separator"))
		case fromRight:
			parts = t.splitRight(textOf(a[0]).S, limit)
		default:
			parts = t.split(textOf(a[0]).S, limit)
		}
		return textList(parts)
	}
}

func textList(parts []Text) *List {
	list := &List{}
	for _, p := range parts {
		list.Items = append(list.Items, p)
	}
	return list
}

// affix is startswith or endswith: of one string or of any of a tuple.
func affix(has func(s, part string) bool) func(Text, *call) Value {
	return func(t Text, c *call) Value {
		a := c.take(1, "prefix", "start", "end")
		s := t
		if a[1] != (absent{}) || a[2] != (absent{}) {
			from, to := intOr(a[1], 0), intOr(a[2], t.length())
			s = cutText(t, [3]*int{&from, &to, nil}).(Text)
		}
		parts, ok := a[0].(Tuple)
		if !ok {
			parts = Tuple{a[0]}
		}
		return slices.ContainsFunc(parts, func(p Value) bool { return has(s.S, textOf(p).S) })
	}
}

// finder is find, rfind, index or rindex.
func finder(index func(s, part string) int, mustFind bool) func(Text, *call) Value {
	return func(t Text, c *call) Value {
		a := c.take(1, "sub", "start", "end")
		from, to := intOr(a[1], 0), intOr(a[2], t.length())
		skipped, _, _ := slicePlaces(t.length(), [3]*int{&from, &to, nil})
		s := cutText(t, [3]*int{&from, &to, nil}).(Text).S
		i := index(s, textOf(a[0]).S)
		if i < 0 {
			if mustFind {
				panic(failf("substring not found"))
			}
			return -1
		}
		return skipped + plain(s[:i]).length()
	}
}

// changed is a method that maps the text to another.
func changed(f func(string) string) func(Text, *call) Value {
	return func(t Text, c *call) Value {
		c.take(0)
		return t.same(f(t.S))
	}
}

// asks is a method that is true for a text that is not empty and of which every
// character is of a kind.
func asks(is func(rune) bool) func(Text, *call) Value {
	return func(t Text, c *call) Value {
		return t.S != "" && strings.IndexFunc(t.S, func(r rune) bool { return !is(r) }) < 0
	}
}

// justify is ljust, rjust or center.
func justify(place func(free int) (left int)) func(Text, *call) Value {
	return func(t Text, c *call) Value {
		a := c.take(1, "width", "fillchar")
		fill := plain(" ")
		if a[1] != (absent{}) {
			fill = textOf(a[1])
		}
		free := max(0, min(intOr(a[0], 0), maxRepeat)-t.length())
		left := place(free)
		return concat(repeat(fill, left).(Text), t, repeat(fill, free-left).(Text))
	}
}

// Full case mapping, as Python has it: "ß" becomes "SS".
func upper(s string) string { return cases.Upper(language.Und).String(s) }

func lower(s string) string { return cases.Lower(language.Und).String(s) }

func capitalize(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return cases.Title(language.Und).String(s[:n]) + lower(s[n:])
}

// titled is str.title: every letter that follows no letter is upper case.
func titled(s string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		defer func() { inWord = unicode.IsLetter(r) }()
		if inWord {
			return unicode.ToLower(r)
		}
		return unicode.ToTitle(r)
	}, s)
}

// cased is islower or isupper.
func cased(this, other func(rune) bool) func(Text, *call) Value {
	return func(t Text, _ *call) Value {
		return strings.ContainsFunc(t.S, this) && !strings.ContainsFunc(t.S, other)
	}
}

// partition is partition or rpartition.
func partition(t Text, sep Text, i int, rest int) Value {
	if sep.S == "" {
		panic(failf("empty separator"))
	}
	if i < 0 {
		parts := Tuple{plain(""), plain(""), plain("")}
		parts[rest] = t
		return parts
	}
	return Tuple{t.cut(0, i), t.cut(i, i+len(sep.S)), t.cut(i+len(sep.S), len(t.S))}
}

var textMethods = map[string]func(Text, *call) Value{
	"strip":      stripMethod(true, true),
	"lstrip":     stripMethod(true, false),
	"rstrip":     stripMethod(false, true),
	"split":      splitMethod(false),
	"rsplit":     splitMethod(true),
	"startswith": affix(strings.HasPrefix),
	"endswith":   affix(strings.HasSuffix),
	"find":       finder(strings.Index, false),
	"rfind":      finder(strings.LastIndex, false),
	"index":      finder(strings.Index, true),
	"rindex":     finder(strings.LastIndex, true),
	"upper":      changed(upper),
	"lower":      changed(lower),
	"casefold":   changed(func(s string) string { return cases.Fold().String(s) }),
	"title":      changed(titled),
	"capitalize": changed(capitalize),
	"isspace":    asks(isSpace),
	"isalpha":    asks(unicode.IsLetter),
	"isdigit":    asks(unicode.IsDigit),
	"isdecimal":  asks(unicode.IsDigit),
	"isnumeric":  asks(unicode.IsNumber),
	"isalnum":    asks(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }),
	"islower":    cased(unicode.IsLower, unicode.IsUpper),
	"isupper":    cased(unicode.IsUpper, unicode.IsLower),
	"isascii":    func(t Text, _ *call) Value { return t.offsets() == nil },
	"ljust":      justify(func(int) int { return 0 }),
	"rjust":      justify(func(free int) int { return free }),
	"swapcase": changed(func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsUpper(r) {
				return unicode.ToLower(r)
			}
			return unicode.ToUpper(r)
		}, s)
	}),
	"count": func(t Text, c *call) Value {
		part := textOf(c.take(1, "sub")[0]).S
		if part == "" {
			return t.length() + 1
		}
		return strings.Count(t.S, part)
	},
	"replace": func(t Text, c *call) Value {
		a := c.take(2, "old", "new", "count")
		out := t.replace(textOf(a[0]).S, t.like(textOf(a[1])), intOr(a[2], -1))
		out.markup = t.markup
		return out
	},
	"join": func(t Text, c *call) Value {
		var b builder
		for i, v := range iterate(c.take(1, "iterable")[0]) {
			if i > 0 {
				b.add(t)
			}
			b.add(t.like(textOf(v)))
		}
		out := b.text()
		out.markup = t.markup
		return out
	},
	"removeprefix": func(t Text, c *call) Value {
		return t.cut(len(t.S)-len(strings.TrimPrefix(t.S, textOf(c.take(1, "prefix")[0]).S)), len(t.S))
	},
	"removesuffix": func(t Text, c *call) Value {
		return t.cut(0, len(strings.TrimSuffix(t.S, textOf(c.take(1, "suffix")[0]).S)))
	},
	"partition": func(t Text, c *call) Value {
		sep := textOf(c.take(1, "sep")[0])
		return partition(t, sep, strings.Index(t.S, sep.S), 0)
	},
	"rpartition": func(t Text, c *call) Value {
		sep := textOf(c.take(1, "sep")[0])
		return partition(t, sep, strings.LastIndex(t.S, sep.S), 2)
	},
	"splitlines": func(t Text, c *call) Value {
		a := c.take(0, "keepends")
		return textList(t.lines(a[0] != absent{} && truth(a[0])))
	},
	"zfill": func(t Text, c *call) Value {
		free := repeat(plain("0"), min(intOr(c.take(1, "width")[0], 0), maxRepeat)-t.length()).(Text)
		if strings.HasPrefix(t.S, "-") || strings.HasPrefix(t.S, "+") {
			return concat(t.cut(0, 1), free, t.cut(1, len(t.S)))
		}
		return concat(free, t)
	},
	"format": func(t Text, c *call) Value { return format(t, c) },
	"center": func(t Text, c *call) Value {
		width := intOr(c.take(1, "width", "fillchar")[0], 0)
		return justify(func(free int) int { return free/2 + free&width&1 })(t, c)
	},
}

// lines cuts at line ends, of which Python has many.
func (t Text) lines(keepEnds bool) (lines []Text) {
	start := 0
	for i := 0; i < len(t.S); {
		end := i
		switch r := rune(t.S[i]); {
		case strings.HasPrefix(t.S[i:], "\r\n"):
			i += 2
		case r == '\n' || r == '\r' || r == '\v' || r == '\f' || r >= 0x1c && r <= 0x1e:
			i++
		case strings.HasPrefix(t.S[i:], "\u0085"):
			i += 2
		case strings.HasPrefix(t.S[i:], "\u2028") || strings.HasPrefix(t.S[i:], "\u2029"):
			i += 3
		default:
			i++
			continue
		}
		if keepEnds {
			end = i
		}
		lines = append(lines, t.cut(start, end))
		start = i
	}
	if start < len(t.S) {
		lines = append(lines, t.cut(start, len(t.S)))
	}
	return lines
}
