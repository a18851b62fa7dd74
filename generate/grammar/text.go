package grammar

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// strings are subprograms that all strings of a grammar share.
type stringPrograms struct {
	free    int32 // any string, with its quotes
	counted int32 // a character of any string, ends with stepAgain
}

// freeString reads any string.
func (c *compiler) freeString(next int32) int32 {
	if c.strings.free == 0 {
		loop := c.add(node{op: opSplit})
		char := c.character(loop, freeContent)
		c.nodes[loop].alts = []int32{char, c.text(`"`, stepRet)}
		c.strings.free = c.text(`"`, loop)
	}
	return c.call(c.strings.free, next)
}

// countedString reads a string of least to most characters.
func (c *compiler) countedString(least, most, next int32) int32 {
	if c.strings.counted == 0 {
		c.strings.counted = c.character(stepAgain, countedContent)
	}
	return c.text(`"`, c.loop(c.strings.counted, least, most, c.text(`"`, next)))
}

// character reads one character of a string, as itself or by an escape. Halves of surrogate pairs have none.
func (c *compiler) character(next int32, mark content) int32 {
	ascii := node{op: opBytes, next: next, content: mark}
	ascii.set.add(0x20, 0x7f)
	ascii.set[0] &^= 1 << '"'
	ascii.set['\\'>>6] &^= 1 << ('\\' & 63)
	alts := []int32{c.add(ascii), c.runes([]rune{0x80, utf8.MaxRune}, next)}
	return c.either(append(alts, c.text(`\`, c.escape(next)))...)
}

func (c *compiler) escape(next int32) int32 {
	short := node{op: opBytes, next: next}
	for _, b := range []byte(`"\/bfnrt`) {
		short.set.add(b, b)
	}
	digit := func(next int32, ranges ...byte) int32 {
		n := node{op: opBytes, next: next}
		for i := 0; i < len(ranges); i += 2 {
			n.set.add(ranges[i], ranges[i+1])
		}
		return c.add(n)
	}
	any := []byte("09afAF")
	two := digit(digit(next, any...), any...)
	number := c.either(
		digit(digit(two, any...), []byte("09acefACEF")...), // not D…
		digit(digit(two, '0', '7'), []byte("ddDD")...))     // not D8 to DF
	return c.either(c.add(short), c.text("u", number))
}

// quoted reads one given string, as encoding writes it.
func (c *compiler) quoted(s string, next int32) int32 { return c.text(string(quote(s)), next) }

// quote writes a string as Python's json.dumps(ensure_ascii=False) does.
func quote(s string) []byte {
	out := []byte{'"'}
	for _, r := range s {
		out = append(out, spelling(r)...)
	}
	return append(out, '"')
}

// spelling is how a character is written in a string.
func spelling(r rune) string {
	switch r {
	case '"':
		return `\"`
	case '\\':
		return `\\`
	case '\b':
		return `\b`
	case '\f':
		return `\f`
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	if r < 0x20 {
		return fmt.Sprintf(`\u%04x`, r)
	}
	return string(r)
}

// patternString reads a string that a regular expression matches somewhere, as JSON Schema has it. The expression is Go's;
// ^ and $ are known at its ends and at those of its alternatives.
func (c *compiler) patternString(pattern string, next int32) (int32, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	end := c.text(`"`, next)
	var alts []int32
	for _, branch := range branches(re) {
		open, from, to, err := anchors(branch)
		if err != nil {
			return 0, fmt.Errorf("pattern %q: %w", pattern, err)
		}
		if !to {
			tail := c.add(node{op: opSplit})
			c.nodes[tail].alts = []int32{end, c.spelled([]rune{0, utf8.MaxRune}, tail)}
			alts = append(alts, c.tail(open, from, tail))
		} else {
			alts = append(alts, c.tail(open, from, end))
		}
		if alts[len(alts)-1] < 0 {
			return 0, fmt.Errorf("pattern %q: ^, $ and \\b are known at the ends only", pattern)
		}
	}
	return c.text(`"`, c.either(alts...)), nil
}

// tail compiles an expression, which may begin anywhere unless from; -1 for one with anchors inside.
func (c *compiler) tail(re *syntax.Regexp, from bool, next int32) int32 {
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return -1
	}
	steps := make([]int32, len(prog.Inst))
	for i := range prog.Inst {
		steps[i] = c.add(node{op: opSplit})
	}
	for i, inst := range prog.Inst {
		alts := &c.nodes[steps[i]].alts
		switch inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			*alts = []int32{steps[inst.Out], steps[inst.Arg]}
		case syntax.InstCapture, syntax.InstNop:
			*alts = []int32{steps[inst.Out]}
		case syntax.InstMatch:
			*alts = []int32{next}
		case syntax.InstFail:
		case syntax.InstEmptyWidth:
			return -1
		default:
			step := c.spelled(ranges(inst), steps[inst.Out])
			c.nodes[steps[i]].alts = []int32{step}
		}
	}
	begin := steps[prog.Start]
	if from {
		return begin
	}
	lead := c.add(node{op: opSplit})
	c.nodes[lead].alts = []int32{begin, c.spelled([]rune{0, utf8.MaxRune}, lead)}
	return lead
}

// ranges are the characters that an instruction reads, as pairs.
func ranges(inst syntax.Inst) []rune {
	switch inst.Op {
	case syntax.InstRuneAny:
		return []rune{0, utf8.MaxRune}
	case syntax.InstRuneAnyNotNL:
		return []rune{0, '\n' - 1, '\n' + 1, utf8.MaxRune}
	case syntax.InstRune1:
		return []rune{inst.Rune[0], inst.Rune[0]}
	}
	if len(inst.Rune) == 1 {
		first := inst.Rune[0]
		list := []rune{first, first}
		if syntax.Flags(inst.Arg)&syntax.FoldCase != 0 {
			for r := unicode.SimpleFold(first); r != first; r = unicode.SimpleFold(r) {
				list = append(list, r, r)
			}
		}
		return list
	}
	return inst.Rune
}

// branches are the alternatives of an expression, groups around them taken off.
func branches(re *syntax.Regexp) []*syntax.Regexp {
	switch re.Op {
	case syntax.OpCapture:
		if inner := branches(re.Sub[0]); len(inner) > 1 {
			return inner
		}
	case syntax.OpAlternate:
		var list []*syntax.Regexp
		for _, sub := range re.Sub {
			list = append(list, branches(sub)...)
		}
		return list
	}
	return []*syntax.Regexp{re}
}

// anchors takes ^ and $ off the ends of an expression.
func anchors(re *syntax.Regexp) (inner *syntax.Regexp, from, to bool, err error) {
	list := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		list = slices.Clone(re.Sub)
	}
	for len(list) > 0 && list[0].Op == syntax.OpBeginText {
		from, list = true, list[1:]
	}
	for len(list) > 0 && list[len(list)-1].Op == syntax.OpEndText {
		to, list = true, list[:len(list)-1]
	}
	switch len(list) {
	case 0:
		return &syntax.Regexp{Op: syntax.OpEmptyMatch}, from, to, nil
	case 1:
		return list[0], from, to, nil
	}
	return &syntax.Regexp{Op: syntax.OpConcat, Sub: list, Flags: re.Flags}, from, to, nil
}

// spelled reads a character of the ranges as it is spelled in a string.
func (c *compiler) spelled(pairs []rune, next int32) int32 {
	var alts []int32
	var plain []rune
	for i := 0; i < len(pairs); i += 2 {
		low, high := pairs[i], pairs[i+1]
		for _, special := range specials {
			if special < low || special > high {
				continue
			}
			alts = append(alts, c.text(spelling(special), next))
			if special > low {
				plain = append(plain, low, special-1)
			}
			low = special + 1
		}
		if low <= high {
			plain = append(plain, low, high)
		}
	}
	if len(plain) > 0 {
		alts = append(alts, c.runes(plain, next))
	}
	return c.either(alts...)
}

// specials are the characters that a string does not have as themselves.
var specials = func() (list []rune) {
	for r := rune(0); r < 0x20; r++ {
		list = append(list, r)
	}
	return append(list, '"', '\\')
}()

// runes reads a character of the ranges in UTF-8. A range is cut where the length of the encoding changes, at the surrogates,
// and then into pieces whose bytes vary independently (Ken Thompson's trick, as in RE2).
func (c *compiler) runes(pairs []rune, next int32) int32 {
	var alts []int32
	for i := 0; i < len(pairs); i += 2 {
		for _, cut := range [][2]rune{{0, 0x7f}, {0x80, 0x7ff}, {0x800, 0xd7ff}, {0xe000, 0xffff}, {0x10000, utf8.MaxRune}} {
			if low, high := max(pairs[i], cut[0]), min(pairs[i+1], cut[1]); low <= high {
				alts = c.runeRange(alts, low, high, next)
			}
		}
	}
	return c.either(alts...)
}

func (c *compiler) runeRange(alts []int32, low, high rune, next int32) []int32 {
	var a, b [utf8.UTFMax]byte
	n := utf8.EncodeRune(a[:], low)
	utf8.EncodeRune(b[:], high)
	for i := 1; i < n; i++ { // i trailing bytes must run from 80 to bf where the bytes before them vary
		mask := rune(1)<<(6*i) - 1
		if low&^mask == high&^mask {
			continue
		}
		if low&mask != 0 {
			alts = c.runeRange(alts, low, low|mask, next)
			return c.runeRange(alts, low|mask+1, high, next)
		}
		if high&mask != mask {
			alts = c.runeRange(alts, low, high&^mask-1, next)
			return c.runeRange(alts, high&^mask, high, next)
		}
	}
	step := next
	for i := n - 1; i >= 0; i-- {
		step = c.bytes(a[i], b[i], step)
	}
	return append(alts, step)
}
