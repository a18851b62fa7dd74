package onig

import (
	"strconv"
	"strings"
)

// escape reads what follows a backslash outside a class.
func (p *parser) escape(at int) (*node, error) {
	if !p.more() {
		return nil, p.errorf(at, "a backslash at the end")
	}
	assertions := map[byte]assertion{
		'A': textStart, 'z': textEnd, 'Z': textEndNewline, 'b': wordEdge, 'B': notWordEdge, 'G': searchStart,
	}
	letter := p.text[p.pos]
	if a, ok := assertions[letter]; ok {
		p.pos++
		return &node{kind: nodeAssertion, at: a}, nil
	}
	switch letter {
	case 'R':
		p.pos++
		crlf := &node{kind: nodeSequence, children: []*node{{kind: nodeSet, set: one('\r')}, {kind: nodeSet, set: one('\n')}}}
		single := &node{kind: nodeSet, set: class{{'\n', '\r'}, {0x85, 0x85}, {0x2028, 0x2029}}}
		return &node{kind: nodeAtomic, children: []*node{{kind: nodeChoice, children: []*node{crlf, single}}}}, nil
	case 'N':
		p.pos++
		return &node{kind: nodeSet, set: one('\n').not()}, nil
	case 'O':
		p.pos++
		return &node{kind: nodeSet, set: class{{0, maxRune}}}, nil
	case 'k', 'g', 'K', 'X', 'y', 'Y', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return nil, p.errorf(at, `\%c is not supported`, letter)
	}
	c, r, err := p.member(at, false)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return p.literal(r), nil
	}
	return &node{kind: nodeSet, set: c}, nil
}

// member reads an escape that stands for a set (the class is returned) or for one character, outside or inside a class. The
// backslash is read.
func (p *parser) member(at int, inside bool) (class, rune, error) {
	if !p.more() {
		return nil, 0, p.errorf(at, "a backslash at the end")
	}
	switch r := p.rune(); r {
	case 's', 'w', 'd', 'h', 'S', 'W', 'D', 'H':
		c := characterType(r|0x20, inside)
		if r < 'a' {
			c = c.not()
		}
		return c, 0, nil
	case 'p', 'P':
		end := strings.IndexByte(p.text[p.pos:], '}')
		if !p.looking("{") || end < 0 {
			return nil, 0, p.errorf(at, `\%c without {name}`, r)
		}
		name := p.text[p.pos+1 : p.pos+end]
		p.pos += end + 1
		inner, negated := strings.CutPrefix(name, "^")
		c, ok := named(inner)
		if !ok {
			return nil, 0, p.errorf(at, `the property \p{%s} is not supported`, name)
		}
		if negated != (r == 'P') {
			c = c.not()
		}
		return c, 0, nil
	case 't':
		return nil, '\t', nil
	case 'n':
		return nil, '\n', nil
	case 'r':
		return nil, '\r', nil
	case 'f':
		return nil, '\f', nil
	case 'v':
		return nil, '\v', nil
	case 'a':
		return nil, '\a', nil
	case 'e':
		return nil, 0x1B, nil
	case '0', '1', '2', '3', '4', '5', '6', '7':
		start := p.pos - 1
		for p.pos < len(p.text) && p.pos < start+3 && '0' <= p.text[p.pos] && p.text[p.pos] <= '7' {
			p.pos++
		}
		return p.code(at, p.text[start:p.pos], 8)
	case 'x':
		if p.accept("{") {
			end := strings.IndexByte(p.text[p.pos:], '}')
			if end < 0 {
				return nil, 0, p.errorf(at, `\x{ without }`)
			}
			digits := p.text[p.pos : p.pos+end]
			p.pos += end + 1
			return p.code(at, digits, 16)
		}
		start := p.pos
		for p.pos < len(p.text) && p.pos < start+2 && strings.IndexByte("0123456789abcdefABCDEF", p.text[p.pos]) >= 0 {
			p.pos++
		}
		if p.pos-start == 2 && p.text[start] >= '8' {
			return nil, 0, p.errorf(at, `\x%s, a byte and no character, is not supported`, p.text[start:p.pos])
		}
		return p.code(at, p.text[start:p.pos], 16)
	case 'u':
		if len(p.text)-p.pos < 4 {
			return nil, 0, p.errorf(at, `\u needs four digits`)
		}
		p.pos += 4
		return p.code(at, p.text[p.pos-4:p.pos], 16)
	case 'c', 'C', 'M', 'Q', 'E':
		return nil, 0, p.errorf(at, `\%c is not supported`, r)
	default:
		return nil, r, nil
	}
}

// characterType is the set of \s, \w, \d or \h. By itself \w asks a table of Latin-1 that counts ² and ½ as word
// characters; inside a class it is the Unicode property, which does not.
func characterType(letter rune, inside bool) class {
	name := "type" + string(letter)
	if letter == 'w' && inside {
		name = "posixword"
	}
	c, _ := named(name)
	return c
}

func (p *parser) code(at int, digits string, base int) (class, rune, error) {
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > maxRune {
		return nil, 0, p.errorf(at, "%q is no code point", digits)
	}
	return nil, rune(n), nil
}

// bracket reads a class behind its opening bracket.
func (p *parser) bracket(at int) (class, error) {
	if p.deep++; p.deep > maxDepth {
		return nil, p.errorf(at, "classes are nested more than %d deep", maxDepth)
	}
	defer func() { p.deep-- }()
	negated := p.accept("^")
	var result, current class
	intersect := false
	for first := true; ; first = false {
		if !p.more() {
			return nil, p.errorf(at, "[ without ]")
		}
		if p.accept("&&") {
			if intersect {
				current = result.and(current)
			}
			result, current, intersect = current, nil, true
			continue
		}
		start := p.pos
		var c class
		var r rune
		switch r = p.rune(); {
		case r == ']' && !first:
			if intersect {
				current = result.and(current)
			}
			if p.opts.fold {
				current = current.fold()
			}
			if negated {
				current = current.not()
			}
			return current, nil
		case r == '[' && p.looking(":"):
			var err error
			if c, err = p.posix(start); err != nil {
				return nil, err
			}
		case r == '[':
			var err error
			if c, err = p.bracket(start); err != nil {
				return nil, err
			}
			if c == nil {
				c = class{}
			}
		case r == '\\':
			var err error
			if p.looking("b") {
				p.pos++
				r = '\b'
			} else if c, r, err = p.member(start, true); err != nil {
				return nil, err
			}
		}
		if c != nil {
			current = current.union(c)
			continue
		}
		last := r
		if p.looking("-") && !p.looking("-]") {
			p.pos++
			from := p.pos
			var upper class
			switch last = p.rune(); last {
			case '\\':
				var err error
				if upper, last, err = p.member(from, true); err != nil {
					return nil, err
				}
			case '[':
				return nil, p.errorf(from, "a range that ends in a class is not supported")
			}
			if upper != nil { // [a-\d]: the hyphen stands for itself
				current = current.union(one(r)).union(one('-')).union(upper)
				continue
			}
			if last < r {
				return nil, p.errorf(start, "the range %q-%q is empty", r, last)
			}
		}
		current = current.union(class{{r, last}})
	}
}

// posix reads [:name:] behind its first bracket.
func (p *parser) posix(at int) (class, error) {
	end := strings.Index(p.text[p.pos:], ":]")
	if end < 1 {
		return nil, p.errorf(at, "[: without :]")
	}
	name, negated := strings.CutPrefix(p.text[p.pos+1:p.pos+end], "^")
	p.pos += end + 2
	c, ok := named("posix" + name)
	if name == "ascii" {
		c, ok = named(name)
	}
	if !ok {
		return nil, p.errorf(at, "the class [:%s:] is not supported", name)
	}
	if negated {
		c = c.not()
	}
	return c, nil
}
