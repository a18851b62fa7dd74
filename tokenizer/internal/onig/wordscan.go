package onig

import (
	"sync"
	"unicode/utf8"
)

// Three patterns stand in most byte-level tokenizer.json files: those of GPT-2, of Llama 3 (and GPT-4), and of Qwen 2. They
// match every text from end to end, and what they match can be seen without backtracking, which wordScan does. The tests
// hold it against the machine.
type wordScan struct {
	gpt2   bool // contractions in small letters only, words take a space and no other character before them
	digits int  // in one match; 0 is any number
}

var wordScans = map[string]*wordScan{
	`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`:                                          {gpt2: true},
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`: {digits: 3},
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`:      {digits: 1},
}

// kind is what the three patterns want to know of a character.
type kind uint8

const (
	symbol kind = iota
	letter
	number
	space
)

// kinds is a table of kinds in pages; equal pages are stored once.
type kinds struct {
	ascii [utf8.RuneSelf]kind
	pages [0x1100]uint16
	kinds [][256]kind
}

var readKinds = sync.OnceValue(func() *kinds {
	k := &kinds{}
	sets := map[kind]*set{letter: categories("l").compile(), number: categories("n").compile(), space: characterType('s', false).compile()}
	known := map[[256]kind]uint16{}
	for page := range k.pages {
		var block [256]kind
		for i := range block {
			for kind, set := range sets {
				if set.has(rune(page<<8 | i)) {
					block[i] = kind
				}
			}
		}
		at, ok := known[block]
		if !ok {
			at = uint16(len(k.kinds))
			known[block] = at
			k.kinds = append(k.kinds, block)
		}
		k.pages[page] = at
	}
	copy(k.ascii[:], k.kinds[k.pages[0]][:])
	return k
})

// at is the kind and the length of the character at byte i, which is in text.
func (k *kinds) at(text []byte, i int) (kind, int) {
	if b := text[i]; b < utf8.RuneSelf {
		return k.ascii[b], 1
	}
	r, size := utf8.DecodeRune(text[i:])
	return k.kinds[k.pages[r>>8]][r&0xFF], size
}

// run is the end of the characters of one kind from byte i on.
func (k *kinds) run(text []byte, i int, want kind) int {
	for i < len(text) {
		got, size := k.at(text, i)
		if got != want {
			break
		}
		i += size
	}
	return i
}

// next is the end of the match that begins at byte i.
func (s *wordScan) next(k *kinds, text []byte, i int) int {
	if text[i] == '\'' {
		if n := s.contraction(text[i+1:]); n > 0 {
			return i + 1 + n
		}
	}
	first, size := k.at(text, i)
	second, after := symbol, i+size
	more := after < len(text)
	if more {
		second, _ = k.at(text, after)
	}
	newline := text[i] == '\r' || text[i] == '\n'
	blank := text[i] == ' '
	switch {
	case first == letter:
		return k.run(text, after, letter)
	case more && second == letter && (s.gpt2 && blank || !s.gpt2 && first != number && !newline):
		return k.run(text, after, letter)
	case first == number && s.digits == 0:
		return k.run(text, after, number)
	case first == number:
		for n := 1; n < s.digits && after < len(text); n++ {
			kind, size := k.at(text, after)
			if kind != number {
				break
			}
			after += size
		}
		return after
	case blank && more && second == number && s.gpt2:
		return k.run(text, after, number)
	case first == symbol || blank && more && second == symbol:
		end := k.run(text, after, symbol)
		for !s.gpt2 && end < len(text) && (text[end] == '\r' || text[end] == '\n') {
			end++
		}
		return end
	}
	end := k.run(text, i, space)
	if !s.gpt2 {
		for j := end; j > i; j-- { // up to the last line break of the run
			if text[j-1] == '\r' || text[j-1] == '\n' {
				return j
			}
		}
	}
	if end == len(text) {
		return end
	}
	// The last space of the run goes to the word behind it, unless it is the only one.
	if last := before(text, end); last > i {
		return last
	}
	return end
}

// contraction is the length of 's, 't, 're, 've, 'm, 'll or 'd behind its apostrophe, or 0.
func (s *wordScan) contraction(text []byte) int {
	fold := func(i int) byte {
		if i >= len(text) {
			return 0
		}
		b := text[i]
		if !s.gpt2 && 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		return b
	}
	switch fold(0) {
	case 's', 't', 'm', 'd':
		return 1
	case 'r', 'v':
		if fold(1) == 'e' {
			return 2
		}
	case 'l':
		if fold(1) == 'l' {
			return 2
		}
	case 0xC5: // ſ, the long s, is an s in either case
		if !s.gpt2 && fold(1) == 0xBF {
			return 2
		}
	}
	return 0
}

// findAll yields the matches, which follow each other without a gap.
func (s *wordScan) findAll(text []byte, yield func(Match) bool) {
	k := readKinds()
	for i := 0; i < len(text); {
		end := s.next(k, text, i)
		if !yield(Match{i, end}) {
			return
		}
		i = end
	}
}
