package tokenizer

import "unicode/utf8"

// cutTable knows between which characters no token of a BPE vocabulary can reach. A merge only ever joins neighbours into
// a token, so a text may be cut wherever the two characters stand side by side in no token that a merge makes: the two
// sides are then independent, and the ids are the same to the last. With SentencePiece vocabularies nearly every space is
// such a place.
//
// Characters are told apart by their last byte (on the left) and their first byte (on the right), and ▁ by itself; that
// sees fewer cuts than there are, and never one too many.
type cutTable struct {
	joins  [256][4]uint64 // joins[left] has the bit right when some token has the two in a row
	spaces bool
	bytes  bool
	fuse   bool // unknown characters on both sides of a cut are one token
}

// markByte stands for ▁ in the table; no UTF-8 text has that byte.
const markByte = 0xFF

func (c *cutTable) join(left, right byte) { c.joins[left][right>>6] |= 1 << (right & 63) }

func (c *cutTable) joined(left, right byte) bool { return c.joins[left][right>>6]>>(right&63)&1 != 0 }

// findCuts derives the table, or returns nil where fragments of a word would not be independent: with affixes, which
// depend on the place in the word; where a whole word is looked up before its merges; where characters can vanish, so that
// their neighbours meet; where the unknown token or the byte tokens take part in merges.
func (m *bpe) findCuts() *cutTable {
	if m.whole {
		return nil
	}
	all := true
	for b := range m.bytes {
		if m.letterBytes {
			all = all && m.byteIDs[b] >= 0
		} else {
			all = all && m.bytes[b] >= 0
		}
	}
	complete := all && (m.fallback || m.letterBytes)
	if m.prefix != "" || m.suffix != "" || m.fallback && !complete || !complete && m.unkID < 0 {
		return nil
	}
	if _, single := m.letters.find('▁'); m.spaces && !single {
		return nil
	}
	atoms := map[int32]bool{} // ids that must stay out of merges
	if !complete {
		atoms[m.unkID] = true
		if utf8.RuneCountInString(m.unk) == 1 {
			return nil
		}
	} else if !m.letterBytes {
		for _, id := range m.bytes {
			atoms[id] = true
		}
	}
	c := &cutTable{spaces: m.spaces, bytes: m.letterBytes, fuse: m.fuse && !complete}
	for _, slot := range m.merges.slots {
		if slot.pair == noPair {
			continue
		}
		if atoms[int32(slot.pair>>32)] || atoms[int32(uint32(slot.pair))] || !complete && slot.id == m.unkID {
			return nil
		}
		text, _ := m.token(slot.id)
		c.learn(text)
	}
	if !c.bytes {
		for left := range 256 {
			c.joins[left][2] = ^uint64(0) // a character is not cut: 0x80 to 0xBF are inner bytes
		}
	}
	return c
}

// learn enters the neighbours in one token.
func (c *cutTable) learn(text string) {
	before := -1
	for _, r := range text {
		var buffer [4]byte
		n := utf8.EncodeRune(buffer[:], r)
		first, last := buffer[0], buffer[n-1]
		switch {
		case c.bytes:
			first = letterByte[r]
			last = first
		case r == '▁':
			first, last = markByte, markByte
		}
		if before >= 0 {
			c.join(byte(before), first)
		}
		before = int(last)
	}
}

// next is the end of the fragment that begins at start.
func (c *cutTable) next(text []byte, start int) int {
	left, at := c.left(text, start)
	for at < len(text) {
		b := text[at]
		size := 1
		if !c.bytes {
			if b == ' ' && c.spaces {
				b = markByte
			} else if b == 0xE2 && at+2 < len(text) && text[at+1] == 0x96 && text[at+2] == 0x81 {
				b, size = markByte, len(mark)
			}
		}
		if !c.joined(left, b) {
			return at
		}
		left = b
		at += size
	}
	return len(text)
}

// left reads the first character of a fragment.
func (c *cutTable) left(text []byte, at int) (byte, int) {
	b := text[at]
	if !c.bytes {
		if b == ' ' && c.spaces {
			return markByte, at + 1
		}
		if b == 0xE2 && at+2 < len(text) && text[at+1] == 0x96 && text[at+2] == 0x81 {
			return markByte, at + len(mark)
		}
	}
	return b, at + 1
}
