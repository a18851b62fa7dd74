package onig

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

type opcode uint8

const (
	opMatch  opcode = iota
	opSet           // one character of set
	opRun           // between low and high characters of set, greedy; possessive when hold is set
	opJump          // to x
	opSplit         // try x, then y
	opAssert        // at
	opLook          // the program from x, ahead or behind by low to high characters; then y
	opAtomic        // the program from x to its opMatch; then y
	opMark          // remember the position in mark x
	opMoved         // fail the loop when nothing was read since mark x: go to y
)

type instruction struct {
	op        opcode
	at        assertion
	hold      bool
	negative  bool
	behind    bool
	set       *set
	x, y      int
	low, high int // high < 0 is without end
}

// maxProgram bounds what counted repeats may expand to.
const maxProgram = 100000

type compiler struct {
	program []instruction
	marks   int
}

func (c *compiler) add(i instruction) int {
	c.program = append(c.program, i)
	return len(c.program) - 1
}

// compiled is the set of a node; a node that repeats puts into the program many times shares it.
func (n *node) compiled() *set {
	if n.ready == nil {
		n.ready = n.set.compile()
	}
	return n.ready
}

func (c *compiler) emit(n *node) error {
	if len(c.program) > maxProgram {
		return fmt.Errorf("is too large: its repeats expand to more than %d steps", maxProgram)
	}
	switch n.kind {
	case nodeSet:
		c.add(instruction{op: opSet, set: n.compiled()})
	case nodeSequence:
		for _, child := range n.children {
			if err := c.emit(child); err != nil {
				return err
			}
		}
	case nodeChoice:
		var exits []int
		for i, child := range n.children {
			last := i == len(n.children)-1
			split := -1
			if !last {
				split = c.add(instruction{op: opSplit})
				c.program[split].x = len(c.program)
			}
			if err := c.emit(child); err != nil {
				return err
			}
			if !last {
				exits = append(exits, c.add(instruction{op: opJump}))
				c.program[split].y = len(c.program)
			}
		}
		for _, exit := range exits {
			c.program[exit].x = len(c.program)
		}
	case nodeAtomic:
		return c.nested(instruction{op: opAtomic}, n.children[0])
	case nodeLook:
		look := instruction{op: opLook, behind: n.behind, negative: n.negative}
		if n.behind {
			var bounded bool
			if look.low, look.high, bounded = n.children[0].length(); !bounded || look.high > 255 {
				return fmt.Errorf("a look-behind over more than 255 characters is not supported")
			}
		}
		return c.nested(look, n.children[0])
	case nodeAssertion:
		c.add(instruction{op: opAssert, at: n.at})
	case nodeRepeat:
		return c.repeat(n)
	}
	return nil
}

// nested compiles body as a program of its own behind the instruction that runs it.
func (c *compiler) nested(i instruction, body *node) error {
	at := c.add(i)
	c.program[at].x = len(c.program)
	if err := c.emit(body); err != nil {
		return err
	}
	c.add(instruction{op: opMatch})
	c.program[at].y = len(c.program)
	return nil
}

func (c *compiler) repeat(n *node) error {
	body := n.children[0]
	for body.kind == nodeSequence && len(body.children) == 1 {
		body = body.children[0]
	}
	if body.kind == nodeSet && n.mode != lazy {
		c.add(instruction{op: opRun, set: body.compiled(), low: n.min, high: n.max, hold: n.mode == possessive})
		return nil
	}
	if n.mode == possessive {
		plain := *n
		plain.mode = greedy
		return c.nested(instruction{op: opAtomic}, &plain)
	}
	for range n.min {
		if err := c.emit(body); err != nil {
			return err
		}
	}
	split := func() int {
		at := c.add(instruction{op: opSplit})
		if n.mode == lazy {
			c.program[at].y = len(c.program)
		} else {
			c.program[at].x = len(c.program)
		}
		return at
	}
	leave := func(at int) {
		if n.mode == lazy {
			c.program[at].x = len(c.program)
		} else {
			c.program[at].y = len(c.program)
		}
	}
	if n.max < 0 {
		least, _, _ := body.length()
		again := split()
		mark := c.marks
		if least == 0 {
			c.marks++
			c.add(instruction{op: opMark, x: mark})
		}
		if err := c.emit(body); err != nil {
			return err
		}
		if least == 0 {
			moved := c.add(instruction{op: opMoved, x: mark})
			c.program[moved].y = moved + 2 // past the jump back
		}
		c.add(instruction{op: opJump, x: again})
		leave(again)
		return nil
	}
	var exits []int
	for range n.max - n.min {
		exits = append(exits, split())
		if err := c.emit(body); err != nil {
			return err
		}
	}
	for _, exit := range exits {
		leave(exit)
	}
	return nil
}

// length is the least and the greatest number of characters that n can match; bounded is false without a greatest.
func (n *node) length() (low, high int, bounded bool) {
	switch n.kind {
	case nodeSet:
		return 1, 1, true
	case nodeLook, nodeAssertion:
		return 0, 0, true
	case nodeAtomic:
		return n.children[0].length()
	case nodeChoice:
		bounded = true
		for i, child := range n.children {
			l, h, b := child.length()
			if i == 0 || l < low {
				low = l
			}
			high, bounded = max(high, h), bounded && b
		}
		return low, high, bounded
	case nodeRepeat:
		l, h, b := n.children[0].length()
		const enough = 1 << 30 // counts are capped, so that nested repeats cannot overflow
		return min(l*n.min, enough), min(h*max(n.max, 0), enough), b && n.max >= 0
	}
	bounded = true
	for _, child := range n.children {
		l, h, b := child.length()
		low, high, bounded = min(low+l, 1<<30), min(high+h, 1<<30), bounded && b
	}
	return low, high, bounded
}

// firstBytes adds the bytes with which a match of n can begin, and says whether each match reads at least one.
func (n *node) firstBytes(starts *[256]bool) bool {
	switch n.kind {
	case nodeSet:
		for _, s := range n.set {
			first, last := utf8.AppendRune(nil, s.first)[0], utf8.AppendRune(nil, s.last)[0]
			for b := int(first); b <= int(last); b++ {
				starts[b] = starts[b] || utf8.RuneStart(byte(b))
			}
		}
		return true
	case nodeLook, nodeAssertion:
		return false
	case nodeAtomic:
		return n.children[0].firstBytes(starts)
	case nodeRepeat:
		return n.children[0].firstBytes(starts) && n.min > 0
	case nodeChoice:
		reads := true
		for _, child := range n.children {
			reads = child.firstBytes(starts) && reads
		}
		return reads
	}
	return slices.ContainsFunc(n.children, func(child *node) bool { return child.firstBytes(starts) })
}
