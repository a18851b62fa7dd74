package onig

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/ajolote-ai/ajolote/tokenizer/internal/unidata"
)

// class is a set of characters as sorted, disjoint ranges, both ends included: the form in which sets are combined.
type class []span

type span struct{ first, last rune }

const maxRune = unicode.MaxRune

func one(r rune) class { return class{{r, r}} }

// union joins two sets.
func (c class) union(d class) class {
	all := slices.Concat(c, d)
	slices.SortFunc(all, func(a, b span) int { return int(a.first - b.first) })
	var merged class
	for _, s := range all {
		if n := len(merged); n > 0 && s.first <= merged[n-1].last+1 {
			merged[n-1].last = max(merged[n-1].last, s.last)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// not is every character outside the set.
func (c class) not() class {
	var rest class
	var from rune
	for _, s := range c {
		if s.first > from {
			rest = append(rest, span{from, s.first - 1})
		}
		from = s.last + 1
	}
	if from <= maxRune {
		rest = append(rest, span{from, maxRune})
	}
	return rest
}

func (c class) and(d class) class { return c.not().union(d.not()).not() }

// fold adds the characters that differ from a member by case alone (one character for one).
func (c class) fold() class {
	var extra class
	for _, s := range c {
		for r := s.first; r <= min(s.last, 0x1E943); r++ { // no character past Adlam has case
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				extra = append(extra, span{f, f})
			}
		}
	}
	return c.union(extra)
}

// named finds the set of \p{name}; the name is compared without case, spaces, '-' and '_'.
func named(name string) (class, bool) {
	name = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '_':
			return -1
		}
		return unicode.ToLower(r)
	}, name)
	if long, ok := aliases[name]; ok {
		name = long
	}
	switch name {
	case "any":
		return class{{0, maxRune}}, true
	case "ascii":
		return class{{0, 0x7F}}, true
	case "assigned":
		return categories("lu", "ll", "lt", "lm", "lo", "mn", "mc", "me", "nd", "nl", "no", "pc", "pd", "ps", "pe", "pi", "pf", "po",
			"sm", "sc", "sk", "so", "zs", "zl", "zp", "cc", "cf", "co").union(class{{0xD800, 0xDFFF}}), true
	case "cn":
		assigned, _ := named("assigned")
		return assigned.not(), true
	case "cs":
		return class{{0xD800, 0xDFFF}}, true
	case "c":
		unassigned, _ := named("cn")
		return categories("cc", "cf", "co").union(class{{0xD800, 0xDFFF}}).union(unassigned), true
	}
	if members, ok := groups[name]; ok {
		return categories(members...), true
	}
	list, ok := unidata.Oniguruma(name)
	if !ok {
		return nil, false
	}
	found := make(class, len(list))
	for i, s := range list {
		found[i] = span{s.First, s.Last}
	}
	return found, true
}

func categories(names ...string) class {
	var all class
	for _, name := range names {
		c, ok := named(name)
		if !ok {
			panic("onig: no table for category " + name)
		}
		all = all.union(c)
	}
	return all
}

var groups = map[string][]string{
	"l": {"lu", "ll", "lt", "lm", "lo"}, "lc": {"lu", "ll", "lt"}, "m": {"mn", "mc", "me"}, "n": {"nd", "nl", "no"},
	"p": {"pc", "pd", "ps", "pe", "pi", "pf", "po"}, "s": {"sm", "sc", "sk", "so"}, "z": {"zs", "zl", "zp"},
}

var aliases = map[string]string{
	"letter": "l", "uppercaseletter": "lu", "lowercaseletter": "ll", "titlecaseletter": "lt", "modifierletter": "lm",
	"otherletter": "lo", "casedletter": "lc", "mark": "m", "combiningmark": "m", "nonspacingmark": "mn", "spacingmark": "mc",
	"enclosingmark": "me", "number": "n", "decimalnumber": "nd", "letternumber": "nl", "othernumber": "no",
	"punctuation": "p", "connectorpunctuation": "pc", "dashpunctuation": "pd", "openpunctuation": "ps", "closepunctuation": "pe",
	"initialpunctuation": "pi", "finalpunctuation": "pf", "otherpunctuation": "po", "symbol": "s", "mathsymbol": "sm",
	"currencysymbol": "sc", "modifiersymbol": "sk", "othersymbol": "so", "separator": "z", "spaceseparator": "zs",
	"lineseparator": "zl", "paragraphseparator": "zp", "other": "c", "control": "cc", "format": "cf", "surrogate": "cs",
	"privateuse": "co", "unassigned": "cn",
	"alnum": "posixalnum", "alpha": "posixalpha", "blank": "posixblank", "cntrl": "posixcntrl", "digit": "posixdigit",
	"graph": "posixgraph", "lower": "posixlower", "print": "posixprint", "punct": "posixpunct", "space": "posixspace",
	"upper": "posixupper", "xdigit": "posixxdigit", "word": "posixword",
	"hani": "han", "hira": "hiragana", "kana": "katakana", "hang": "hangul", "latn": "latin", "grek": "greek", "cyrl": "cyrillic",
	"arab": "arabic", "hebr": "hebrew", "deva": "devanagari", "thaa": "thaana", "beng": "bengali", "taml": "tamil",
	"zyyy": "common", "zinh": "inherited", "qaai": "inherited", "bopo": "bopomofo", "armn": "armenian", "geor": "georgian",
	"ethi": "ethiopic", "khmr": "khmer", "mymr": "myanmar", "mong": "mongolian", "tibt": "tibetan", "telu": "telugu",
	"knda": "kannada", "mlym": "malayalam", "gujr": "gujarati", "guru": "gurmukhi", "orya": "oriya", "sinh": "sinhala",
	"laoo": "lao", "syrc": "syriac", "yiii": "yi", "wspace": "whitespace",
}

// set is a class in the form in which it is asked.
type set struct {
	ascii [2]uint64
	rest  *unidata.Set
}

func (c class) compile() *set {
	list := make([]unidata.Span, len(c))
	s := &set{}
	for i, r := range c {
		list[i] = unidata.Span{First: r.first, Last: r.last}
		for a := r.first; a <= min(r.last, 0x7F); a++ {
			s.ascii[a>>6] |= 1 << (a & 63)
		}
	}
	s.rest = unidata.NewSet(list)
	return s
}

func (s *set) has(r rune) bool {
	if uint32(r) < 0x80 {
		return s.ascii[r>>6]>>(r&63)&1 != 0
	}
	return s.rest.Has(r)
}

// wordSet is \w, which \b asks.
var wordSet = sync.OnceValue(func() *set {
	c, _ := named("typew")
	return c.compile()
})
