package onig

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A pattern's tree. A node of kind nodeSet has a set; the others have children.
type node struct {
	kind     nodeKind
	set      class
	children []*node
	min, max int // repeats; max < 0 is without end
	mode     repeatMode
	at       assertion
	behind   bool // look-around: behind, else ahead
	negative bool
	ready    *set // set in the form for matching, once it is asked for
	folded   rune // a letter under (?i), for the check on multi-character folds; else 0
}

type nodeKind uint8

const (
	nodeSet nodeKind = iota
	nodeSequence
	nodeChoice
	nodeRepeat
	nodeAtomic
	nodeLook
	nodeAssertion
)

type repeatMode uint8

const (
	greedy repeatMode = iota
	lazy
	possessive
)

type assertion uint8

const (
	lineStart assertion = iota
	lineEnd
	textStart
	textEnd
	textEndNewline
	wordEdge
	notWordEdge
	searchStart
)

// parser reads Oniguruma's own syntax (ONIG_SYNTAX_ONIGURUMA).
type parser struct {
	text string
	pos  int
	opts options
	deep int
}

type options struct{ fold, dotAll, extended bool }

const maxDepth = 200

func parse(pattern string) (*node, error) {
	if !utf8.ValidString(pattern) {
		return nil, fmt.Errorf("is not valid UTF-8")
	}
	p := &parser{text: pattern}
	n, err := p.choice()
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.text) {
		return nil, p.errorf(p.pos, "unmatched )")
	}
	return n, nil
}

func (p *parser) errorf(at int, format string, args ...any) error {
	return fmt.Errorf("at byte %d: "+format, append([]any{at}, args...)...)
}

func (p *parser) more() bool             { return p.pos < len(p.text) }
func (p *parser) looking(at string) bool { return strings.HasPrefix(p.text[p.pos:], at) }

func (p *parser) accept(s string) bool {
	if p.looking(s) {
		p.pos += len(s)
		return true
	}
	return false
}

func (p *parser) rune() rune {
	r, size := utf8.DecodeRuneInString(p.text[p.pos:])
	p.pos += size
	return r
}

// choice reads alternatives up to a ) or the end.
func (p *parser) choice() (*node, error) {
	if p.deep++; p.deep > maxDepth {
		return nil, p.errorf(p.pos, "groups are nested more than %d deep", maxDepth)
	}
	defer func() { p.deep-- }()
	first, err := p.sequence()
	if err != nil || !p.looking("|") {
		return first, err
	}
	n := &node{kind: nodeChoice, children: []*node{first}}
	for p.accept("|") {
		next, err := p.sequence()
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, next)
	}
	return n, nil
}

func (p *parser) sequence() (*node, error) {
	n := &node{kind: nodeSequence}
	for p.more() && !p.looking("|") && !p.looking(")") {
		atom, err := p.atom()
		if err != nil {
			return nil, err
		}
		if atom == nil { // a comment, or white space under (?x)
			continue
		}
		if atom, err = p.repeats(atom); err != nil {
			return nil, err
		}
		if last := len(n.children) - 1; last >= 0 && foldsTogether(n.children[last], atom) {
			return nil, p.errorf(p.pos, "%q under (?i), which folds to one character, is not supported", string([]rune{n.children[last].folded, atom.folded}))
		}
		n.children = append(n.children, atom)
	}
	return n, nil
}

// foldsTogether says whether two letters under (?i) in a row are what one character (a ligature, a sharp s) folds to.
func foldsTogether(a, b *node) bool {
	switch string([]rune{a.folded, b.folded}) {
	case "ss", "st", "ff", "fi", "fl", "i\u0307", "j\u030C", "h\u0331", "t\u0308", "w\u030A", "y\u030A", "a\u02BE", "\u02BCn":
		return true
	}
	return false
}

// repeats reads the quantifiers behind an atom.
func (p *parser) repeats(atom *node) (*node, error) {
	for p.more() {
		at := p.pos
		low, high, interval := 0, -1, false
		switch {
		case p.accept("*"):
		case p.accept("+"):
			low = 1
		case p.accept("?"):
			high = 1
		case p.looking("{"):
			var ok bool
			if low, high, ok = p.interval(); !ok {
				return atom, nil
			}
			interval = true
		default:
			return atom, nil
		}
		if atom.kind == nodeAssertion || atom.kind == nodeLook {
			return nil, p.errorf(at, "a repeated assertion is not supported")
		}
		mode := greedy
		switch {
		case p.accept("?"):
			if interval && low == high {
				return nil, p.errorf(at, "a lazy {n} is not supported")
			}
			mode = lazy
		case !interval && p.accept("+"):
			mode = possessive
		}
		if max(low, high) > 100000 {
			return nil, p.errorf(at, "the repeat count is over 100000")
		}
		atom = &node{kind: nodeRepeat, children: []*node{atom}, min: low, max: high, mode: mode}
	}
	return atom, nil
}

// interval reads {n}, {n,}, {n,m} or {,m}; anything else is a literal brace, and the position stays.
func (p *parser) interval() (low, high int, ok bool) {
	end := strings.IndexByte(p.text[p.pos:], '}')
	if end < 0 {
		return 0, 0, false
	}
	from, to, ranged := strings.Cut(p.text[p.pos+1:p.pos+end], ",")
	number := func(s string, absent int) (int, bool) {
		if s == "" {
			return absent, true
		}
		n, err := strconv.ParseUint(s, 10, 31)
		return int(n), err == nil
	}
	low, okLow := number(from, 0)
	high, okHigh := number(to, -1)
	if !ranged {
		high = low
	}
	if !okLow || !okHigh || from == "" && to == "" || high >= 0 && high < low {
		return 0, 0, false
	}
	p.pos += end + 1
	return low, high, true
}

// atom reads one item without its quantifier; nil for what matches nothing and takes no quantifier.
func (p *parser) atom() (*node, error) {
	at := p.pos
	switch r := p.rune(); r {
	case '(':
		return p.group(at)
	case '[':
		c, err := p.bracket(at)
		if err != nil {
			return nil, err
		}
		return &node{kind: nodeSet, set: c}, nil
	case '.':
		if p.opts.dotAll {
			return &node{kind: nodeSet, set: class{{0, maxRune}}}, nil
		}
		return &node{kind: nodeSet, set: one('\n').not()}, nil
	case '^':
		return &node{kind: nodeAssertion, at: lineStart}, nil
	case '$':
		return &node{kind: nodeAssertion, at: lineEnd}, nil
	case '*', '+', '?':
		return nil, p.errorf(at, "nothing to repeat before %q", r)
	case '\\':
		return p.escape(at)
	case ' ', '\t', '\n', '\r', '\f', '\v':
		if p.opts.extended {
			return nil, nil
		}
		return p.literal(r), nil
	case '#':
		if p.opts.extended {
			end := strings.IndexByte(p.text[p.pos:], '\n')
			if end < 0 {
				end = len(p.text) - p.pos
			}
			p.pos += end
			return nil, nil
		}
		return p.literal(r), nil
	default:
		return p.literal(r), nil
	}
}

func (p *parser) literal(r rune) *node {
	if !p.opts.fold {
		return &node{kind: nodeSet, set: one(r)}
	}
	set := one(r).fold()
	return &node{kind: nodeSet, set: set, folded: lowest(set, r)}
}

// lowest names a letter by its small form, so that S and s count as one in foldsTogether.
func lowest(set class, r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	for _, s := range set {
		if 'a' <= s.first && s.first <= 'z' {
			return s.first
		}
	}
	return r
}

// group reads what follows an opening parenthesis.
func (p *parser) group(at int) (*node, error) {
	outer := p.opts
	wrap := func(n *node) (*node, error) {
		body, err := p.choice()
		if err != nil {
			return nil, err
		}
		if !p.accept(")") {
			return nil, p.errorf(at, "( without )")
		}
		p.opts = outer
		n.children = []*node{body}
		return n, nil
	}
	switch {
	case !p.looking("?") && !p.looking("*"):
		return wrap(&node{kind: nodeSequence})
	case p.looking("*"):
		return nil, p.errorf(at, "a callout (*...) is not supported")
	case p.accept("?:"):
		return wrap(&node{kind: nodeSequence})
	case p.accept("?>"):
		return wrap(&node{kind: nodeAtomic})
	case p.accept("?="):
		return wrap(&node{kind: nodeLook})
	case p.accept("?!"):
		return wrap(&node{kind: nodeLook, negative: true})
	case p.accept("?<="):
		return wrap(&node{kind: nodeLook, behind: true})
	case p.accept("?<!"):
		return wrap(&node{kind: nodeLook, behind: true, negative: true})
	case p.accept("?#"):
		end := strings.IndexByte(p.text[p.pos:], ')')
		if end < 0 {
			return nil, p.errorf(at, "(?# without )")
		}
		p.pos += end + 1
		return nil, nil
	case p.accept("?<"), p.accept("?'"):
		end := strings.IndexAny(p.text[p.pos:], ">'")
		if end < 1 {
			return nil, p.errorf(at, "a group name without an end")
		}
		p.pos += end + 1
		return wrap(&node{kind: nodeSequence})
	}
	p.pos++ // the question mark
	on := true
	for p.more() {
		switch r := p.rune(); r {
		case '-':
			on = false
		case 'i':
			p.opts.fold = on
		case 'm':
			p.opts.dotAll = on
		case 'x':
			p.opts.extended = on
		case ':':
			return wrap(&node{kind: nodeSequence})
		case ')':
			// An option by itself holds for the rest of the group around it, alternatives included.
			body, err := p.choice()
			p.opts = outer
			return body, err
		default:
			return nil, p.errorf(at, "the group (?%c is not supported", r)
		}
	}
	return nil, p.errorf(at, "( without )")
}
