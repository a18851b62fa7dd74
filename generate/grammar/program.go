package grammar

// A grammar is a program of small steps that read one byte or none, as Thompson's construction makes them (1968), with calls
// for what occurs in several places or in itself, and with counted loops. It is built from the end: every function of the
// builder takes the step that follows and returns the step to begin with.

type op uint8

const (
	opRet    op = iota // return from a call
	opAgain            // end of a loop's body
	opAccept           // the value is complete
	opBytes            // read a byte of set, then next
	opSplit            // one of alts
	opCall             // sub, then next
	opNest             // sub, one level deeper, then next
	opLoop             // sub at least min and at most max times, then next
	opIndent           // two spaces a level, delta levels more than here, then next
)

// The first steps of every program.
const (
	stepRet int32 = iota
	stepAgain
	stepAccept
)

// unbounded is the count of a loop without upper limit.
const unbounded = 1<<31 - 1

type node struct {
	op       op
	content  content
	next     int32
	sub      int32
	min, max int32
	delta    int32
	set      byteSet
	alts     []int32
	dist     int32 // fewest bytes to the end of the program that this step is part of
}

// content marks the step that begins a character of a string of any characters.
type content uint8

const (
	noContent content = iota
	freeContent
	countedContent // in a loop, whose frame is on top
)

// byteSet is a set of bytes.
type byteSet [4]uint64

func (s *byteSet) add(low, high byte) {
	for b := int(low); b <= int(high); b++ {
		s[b>>6] |= 1 << (b & 63)
	}
}

func (s *byteSet) has(b byte) bool { return s[b>>6]>>(b&63)&1 != 0 }

type builder struct {
	nodes []node
}

func newBuilder() *builder {
	return &builder{nodes: []node{{op: opRet}, {op: opAgain}, {op: opAccept}}}
}

func (b *builder) add(n node) int32 {
	b.nodes = append(b.nodes, n)
	return int32(len(b.nodes) - 1)
}

func (b *builder) bytes(low, high byte, next int32) int32 {
	n := node{op: opBytes, next: next}
	n.set.add(low, high)
	return b.add(n)
}

func (b *builder) text(s string, next int32) int32 {
	for i := len(s) - 1; i >= 0; i-- {
		next = b.bytes(s[i], s[i], next)
	}
	return next
}

func (b *builder) either(alts ...int32) int32 {
	if len(alts) == 1 {
		return alts[0]
	}
	return b.add(node{op: opSplit, alts: alts})
}

func (b *builder) optional(step, next int32) int32 { return b.either(step, next) }

func (b *builder) call(sub, next int32) int32 { return b.add(node{op: opCall, sub: sub, next: next}) }

// loop repeats a body, which must end with stepAgain and read at least a byte.
func (b *builder) loop(body int32, least, most int32, next int32) int32 {
	return b.add(node{op: opLoop, sub: body, min: least, max: most, next: next})
}

// impossible is the distance of steps that lead nowhere.
const impossible = 1 << 28

// measure finds how far each step is from the end of its program: Bellman and Ford's relaxation.
func (b *builder) measure() {
	for i := range b.nodes {
		if b.nodes[i].op > opAccept {
			b.nodes[i].dist = impossible
		}
	}
	for changed := true; changed; {
		changed = false
		for i := range b.nodes { // most steps follow what they lead to
			n := &b.nodes[i]
			d := int64(n.dist)
			switch n.op {
			case opBytes:
				d = 1 + int64(b.nodes[n.next].dist)
			case opSplit:
				for _, alt := range n.alts {
					d = min(d, int64(b.nodes[alt].dist))
				}
			case opCall, opNest:
				d = int64(b.nodes[n.sub].dist) + int64(b.nodes[n.next].dist)
			case opLoop:
				d = int64(n.min)*int64(b.nodes[n.sub].dist) + int64(b.nodes[n.next].dist)
			case opIndent: // the spaces are forced, so they decide nothing
				d = int64(b.nodes[n.next].dist)
			}
			if d = min(d, impossible); d < int64(n.dist) {
				n.dist = int32(d)
				changed = true
			}
		}
	}
}
