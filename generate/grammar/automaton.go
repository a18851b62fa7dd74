package grammar

import (
	"encoding/binary"
	"slices"
	"sync"
)

// Grammar is a compiled schema: the set of texts that may be written. It is safe for many goroutines, and learns as it is
// used: states are made when a text first comes to them.
type Grammar struct {
	nodes []node
	start *State

	mu     sync.Mutex
	frames map[frameKey]*frame
	states map[string]*State
	number int32 // of frames so far
}

// State is a place in a text: all that may follow depends on it alone.
type State struct {
	g       *Grammar
	threads []thread
	next    *[256]*State
	accepts bool
}

// thread is one of the ways in which the text so far can be read: the step that reads the next byte, and where calls and
// loops around it go on.
type thread struct {
	pc    int32
	stack *frame
}

// frameKey is what makes a frame. For a loop, pc is the loop's step, and need and room are the rounds that must and may
// still come; for a call, pc is the step that follows and room is -1.
type frameKey struct {
	parent     *frame
	pc         int32
	need, room int32
	depth      int32
}

type frame struct {
	frameKey
	id   int32
	cost int32 // fewest bytes from the end of the innermost program to the end of the text
}

// dead is the state that no text leaves.
var dead = &State{}

// The automaton forgets what it has learnt when it holds this much. States in use stay good.
const maxLearnt = 1 << 17

func (g *Grammar) push(key frameKey) *frame {
	if f, ok := g.frames[key]; ok {
		return f
	}
	g.number++
	f := &frame{frameKey: key, id: g.number}
	cost := int64(0)
	if key.parent != nil {
		cost = int64(key.parent.cost)
	}
	n := &g.nodes[key.pc]
	if key.room < 0 {
		cost += int64(n.dist)
	} else {
		each := int64(1)
		if n.op == opLoop {
			each = int64(g.nodes[n.sub].dist)
		}
		cost += int64(key.need)*each + int64(g.nodes[n.next].dist)
	}
	f.cost = int32(min(cost, impossible))
	g.frames[key] = f
	return f
}

func depth(f *frame) int32 {
	if f == nil {
		return 0
	}
	return f.depth
}

// closure follows the steps that read nothing.
type closure struct {
	g       *Grammar
	threads []thread
	splits  []thread // that have been followed: expressions such as (a*)* come back to them
	accepts bool
}

func (c *closure) add(pc int32, stack *frame) {
	for {
		n := &c.g.nodes[pc]
		switch n.op {
		case opBytes:
			t := thread{pc, stack}
			if !slices.Contains(c.threads, t) {
				c.threads = append(c.threads, t)
			}
			return
		case opAccept:
			c.accepts = true
			return
		case opSplit:
			t := thread{pc, stack}
			if slices.Contains(c.splits, t) {
				return
			}
			c.splits = append(c.splits, t)
			for _, alt := range n.alts {
				c.add(alt, stack)
			}
			return
		case opCall:
			stack = c.g.push(frameKey{stack, n.next, 0, -1, depth(stack)})
			pc = n.sub
		case opNest:
			stack = c.g.push(frameKey{stack, n.next, 0, -1, depth(stack) + 1})
			pc = n.sub
		case opRet:
			pc, stack = stack.pc, stack.parent
		case opLoop:
			c.round(pc, n.min, n.max, stack)
			return
		case opIndent:
			spaces := 2 * (depth(stack) + n.delta)
			c.round(pc, spaces, spaces, stack)
			return
		case opAgain:
			c.round(stack.pc, stack.need, stack.room, stack.parent)
			return
		}
	}
}

// round is the head of a loop.
func (c *closure) round(pc, need, room int32, parent *frame) {
	n := &c.g.nodes[pc]
	if room > 0 {
		if room != unbounded {
			room--
		}
		c.add(n.sub, c.g.push(frameKey{parent, pc, max(need-1, 0), room, depth(parent)}))
	}
	if need == 0 {
		c.add(n.next, parent)
	}
}

// state finds or makes the state of a closure.
func (g *Grammar) state(c *closure) *State {
	if len(c.threads) == 0 && !c.accepts {
		return dead
	}
	key := make([]byte, 0, 8*len(c.threads)+1)
	for _, t := range c.threads {
		key = binary.LittleEndian.AppendUint32(key, uint32(t.pc))
		id := int32(0)
		if t.stack != nil {
			id = t.stack.id
		}
		key = binary.LittleEndian.AppendUint32(key, uint32(id))
	}
	if c.accepts {
		key = append(key, 1)
	}
	if s, ok := g.states[string(key)]; ok {
		return s
	}
	s := &State{g: g, threads: c.threads, accepts: c.accepts}
	g.states[string(key)] = s
	return s
}

// step needs g.mu.
func (s *State) step(b byte) *State {
	if s.next == nil {
		if s == dead {
			return dead
		}
		s.next = new([256]*State)
	}
	if next := s.next[b]; next != nil {
		return next
	}
	g := s.g
	c := closure{g: g}
	for _, t := range s.threads {
		if n := &g.nodes[t.pc]; n.set.has(b) {
			c.add(n.next, t.stack)
		}
	}
	next := g.state(&c)
	s.next[b] = next
	return next
}

func (g *Grammar) forget() {
	if len(g.frames)+len(g.states) > maxLearnt {
		g.frames, g.states = map[frameKey]*frame{}, map[string]*State{}
	}
}

// Start is the state before the first byte.
func (g *Grammar) Start() *State { return g.start }

// Advance is the state after text; nil when the grammar does not allow it.
func (s *State) Advance(text []byte) *State {
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	s.g.forget()
	for _, b := range text {
		if s = s.step(b); s == dead {
			return nil
		}
	}
	return s
}

// Accepts says whether the text may end here.
func (s *State) Accepts() bool { return s.accepts }

// Final says whether the text must end here.
func (s *State) Final() bool { return s.accepts && len(s.threads) == 0 }

// maxForced limits the result of Forced.
const maxForced = 4096

// Forced is the text that must follow, up to where there is a choice or the text may end.
func (s *State) Forced() []byte {
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	var text []byte
	for len(text) < maxForced && !s.accepts {
		b, ok := s.only()
		if !ok {
			break
		}
		text = append(text, b)
		s = s.step(b)
	}
	return text
}

// only is the one byte that may follow.
func (s *State) only() (byte, bool) {
	var union byteSet
	for _, t := range s.threads {
		for i, w := range s.g.nodes[t.pc].set {
			union[i] |= w
		}
	}
	return union.single()
}

// Completion is the shortest text, give or take spaces, that ends the value.
func (s *State) Completion() []byte {
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	var text []byte
	for !s.accepts {
		best, cost := thread{}, int32(impossible)
		for _, t := range s.threads {
			c := s.g.nodes[t.pc].dist
			if t.stack != nil {
				c += t.stack.cost
			}
			if c < cost {
				best, cost = t, c
			}
		}
		b := s.g.nodes[best.pc].set.plainest()
		text = append(text, b)
		s = s.step(b)
	}
	return text
}
