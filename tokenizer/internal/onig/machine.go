package onig

import "unicode/utf8"

// machine runs a program over one text by backtracking: what remains to be tried lies on a stack.
type machine struct {
	re      *Regexp
	text    []byte
	start   int // where the search began, for \G
	stack   []choice
	marks   []int
	steps   int
	allowed int // steps, for all matches of the text together
}

// choice is a point to come back to: continue at pc from pos. A greedy run that may give characters back has low < pos;
// an entry with pc < 0 puts mark -pc-1 back to pos.
type choice struct{ pc, pos, low int }

// maxSteps is the work allowed beside what grows with the text: Oniguruma's own limit is ten million retries for a match.
const maxSteps = 10_000_000

// run matches the program from pc at pos and returns the end of the match, or -1.
func (m *machine) run(pc, pos int) (int, error) {
	base := len(m.stack)
	program, text := m.re.program, m.text
	if m.marks == nil && m.re.marks > 0 {
		m.marks = make([]int, m.re.marks)
	}
	for {
		if m.steps++; m.steps > m.allowed {
			return -1, ErrTooLong
		}
		i := &program[pc]
		ok := true
		switch i.op {
		case opMatch:
			m.unwind(base)
			return pos, nil
		case opSet:
			r, size := decode(text, pos)
			if ok = size > 0 && i.set.has(r); ok {
				pos += size
				pc++
			}
		case opRun:
			count, at := 0, pos
			least := pos
			for i.high < 0 || count < i.high {
				r, size := decode(text, at)
				if size == 0 || !i.set.has(r) {
					break
				}
				at += size
				if count++; count == i.low {
					least = at
				}
			}
			if ok = count >= i.low; ok {
				pc++
				if at > least && !i.hold {
					m.stack = append(m.stack, choice{pc, at, least})
				}
				m.steps += count
				pos = at
			}
		case opJump:
			pc = i.x
		case opSplit:
			m.stack = append(m.stack, choice{i.y, pos, pos})
			pc = i.x
		case opAssert:
			if ok = m.holds(i.at, pos); ok {
				pc++
			}
		case opAtomic:
			end, err := m.run(i.x, pos)
			if err != nil {
				return -1, err
			}
			if ok = end >= 0; ok {
				pos, pc = end, i.y
			}
		case opLook:
			found, err := m.look(i, pos)
			if err != nil {
				return -1, err
			}
			if ok = found != i.negative; ok {
				pc = i.y
			}
		case opMark:
			m.stack = append(m.stack, choice{-i.x - 1, m.marks[i.x], 0})
			m.marks[i.x] = pos
			pc++
		case opMoved:
			if m.marks[i.x] == pos {
				pc = i.y
			} else {
				pc++
			}
		}
		if ok {
			continue
		}
		for { // back to the last choice
			if len(m.stack) == base {
				return -1, nil
			}
			top := &m.stack[len(m.stack)-1]
			if top.pc < 0 {
				m.marks[-top.pc-1] = top.pos
				m.stack = m.stack[:len(m.stack)-1]
				continue
			}
			if pc, pos = top.pc, top.pos; pos > top.low {
				// The run has been tried at its full length already: give one character back.
				pos = before(text, pos)
				if top.pos = pos; pos == top.low {
					m.stack = m.stack[:len(m.stack)-1]
				}
			} else {
				m.stack = m.stack[:len(m.stack)-1]
			}
			break
		}
	}
}

// unwind drops the choices above base and puts the marks back that they hold.
func (m *machine) unwind(base int) {
	if m.re.marks > 0 {
		for i := len(m.stack) - 1; i >= base; i-- {
			if c := m.stack[i]; c.pc < 0 {
				m.marks[-c.pc-1] = c.pos
			}
		}
	}
	m.stack = m.stack[:base]
}

// look runs a look-around at pos and says whether its body matches.
func (m *machine) look(i *instruction, pos int) (bool, error) {
	if !i.behind {
		end, err := m.run(i.x, pos)
		return end >= 0, err
	}
	at := pos
	for n := 0; n <= i.high; n++ {
		if n >= i.low {
			end, err := m.runTo(i.x, at, pos)
			if err != nil || end {
				return end, err
			}
		}
		if at == 0 {
			break
		}
		at = before(m.text, at)
	}
	return false, nil
}

// runTo says whether the program matches exactly the bytes from at to end: the text is cut there, so that a greedy
// body gives back what is too much, and shorter matches are not taken.
func (m *machine) runTo(pc, at, end int) (bool, error) {
	whole := m.text
	m.text = whole[:end]
	found, err := m.run(pc, at)
	m.text = whole
	return found == end, err
}

func (m *machine) holds(a assertion, pos int) bool {
	text := m.text
	switch a {
	case lineStart:
		return pos == 0 || text[pos-1] == '\n' && pos < len(text)
	case lineEnd:
		return pos == len(text) || text[pos] == '\n'
	case textStart:
		return pos == 0
	case textEnd:
		return pos == len(text)
	case textEndNewline:
		return pos == len(text) || pos == len(text)-1 && text[pos] == '\n'
	case searchStart:
		return pos == m.start
	}
	left, right := false, false
	if pos > 0 {
		r, _ := utf8.DecodeLastRune(text[:pos])
		left = wordSet().has(r)
	}
	if pos < len(text) {
		r, _ := utf8.DecodeRune(text[pos:])
		right = wordSet().has(r)
	}
	return (left != right) == (a == wordEdge)
}

func decode(text []byte, pos int) (rune, int) {
	if pos >= len(text) {
		return 0, 0
	}
	if b := text[pos]; b < utf8.RuneSelf {
		return rune(b), 1
	}
	return utf8.DecodeRune(text[pos:])
}

// before is the start of the character that ends at pos > 0.
func before(text []byte, pos int) int {
	for pos--; pos > 0 && text[pos]&0xC0 == 0x80; pos-- {
	}
	return pos
}
