package tokenizer

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/ajolote-ai/ajolote/tokenizer/internal/unidata"
)

// precompiled is the character map of a SentencePiece model: a double-array trie from byte strings to places in a text of
// replacements that end in NUL.
type precompiled struct {
	trie         []uint32
	replacements []byte
	kept         [utf8.RuneSelf]bool // ASCII characters that the map leaves as they are
}

func parsePrecompiled(raw json.RawMessage) (*precompiled, error) {
	var file struct {
		Charsmap string `json:"precompiled_charsmap"`
	}
	if err := decodePart(raw, &file, "precompiled_charsmap"); err != nil {
		return nil, err
	}
	blob, err := base64.StdEncoding.DecodeString(file.Charsmap)
	if err != nil {
		return nil, fmt.Errorf("precompiled_charsmap: %w", err)
	}
	return newPrecompiled(blob)
}

func newPrecompiled(blob []byte) (*precompiled, error) {
	if len(blob) < 4 {
		return nil, fmt.Errorf("precompiled_charsmap has %d bytes; its header alone is 4", len(blob))
	}
	size := int(binary.LittleEndian.Uint32(blob))
	if size/4*4 > len(blob)-4 {
		return nil, fmt.Errorf("precompiled_charsmap announces a trie of %d bytes and has %d", size, len(blob)-4)
	}
	p := &precompiled{trie: make([]uint32, size/4), replacements: blob[4+size/4*4:]}
	for i := range p.trie {
		p.trie[i] = binary.LittleEndian.Uint32(blob[4+4*i:])
	}
	if len(p.trie) == 0 {
		return nil, fmt.Errorf("precompiled_charsmap has an empty trie")
	}
	if !utf8.Valid(p.replacements) {
		return nil, fmt.Errorf("precompiled_charsmap: the replacements are not valid UTF-8")
	}
	for b := range p.kept {
		_, mapped := p.find([]byte{byte(b)})
		p.kept[b] = !mapped
	}
	return p, nil
}

// find returns the replacement of the shortest key that text begins with. (The rest of the text is then dropped by the
// caller: that is what the Rust crate spm_precompiled does with a grapheme of several characters.)
func (p *precompiled) find(text []byte) ([]byte, bool) {
	unit := p.trie[0]
	at := offset(unit)
	for _, b := range text {
		if b == 0 {
			break
		}
		at ^= uint32(b)
		if int(at) >= len(p.trie) {
			return nil, false
		}
		if unit = p.trie[at]; unit&(1<<31|0xFF) != uint32(b) {
			return nil, false
		}
		at ^= offset(unit)
		if unit>>8&1 == 1 {
			if int(at) >= len(p.trie) {
				return nil, false
			}
			place := int(p.trie[at] & (1<<31 - 1))
			if place > len(p.replacements) {
				return nil, false
			}
			rest := p.replacements[place:]
			if end := bytes.IndexByte(rest, 0); end >= 0 {
				rest = rest[:end]
			}
			return rest, utf8.Valid(rest)
		}
	}
	return nil, false
}

func offset(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }

func (p *precompiled) normalize(w *worker, q *piece) error {
	edits := w.edits[:0]
	modified := false
	put := func(old, replacement []byte) {
		modified = true
		more := utf8.RuneCount(replacement) - utf8.RuneCount(old)
		for i := 0; i < len(replacement); {
			r, size := utf8.DecodeRune(replacement[i:])
			i += size
			edits = append(edits, edit{r: r})
		}
		for n := range min(max(more, 0), len(edits)) {
			edits[len(edits)-1-n].change = 1
		}
		if more < 0 && len(edits) > 0 {
			edits[len(edits)-1].change += int32(more)
		}
	}
	text := q.text
	for len(text) > 0 {
		if b := text[0]; b < utf8.RuneSelf && b != '\r' && p.kept[b] && (len(text) == 1 || text[1] < utf8.RuneSelf) { // a cluster by itself
			edits = append(edits, edit{r: rune(b)})
			text = text[1:]
			continue
		}
		size := unidata.Grapheme(text)
		cluster := text[:size]
		text = text[size:]
		if size < 6 {
			if replacement, ok := p.find(cluster); ok {
				put(cluster, replacement)
				continue
			}
		}
		for len(cluster) > 0 {
			r, size := utf8.DecodeRune(cluster)
			if replacement, ok := p.find(cluster[:size]); ok {
				put(cluster[:size], replacement)
			} else {
				edits = append(edits, edit{r: r})
			}
			cluster = cluster[size:]
		}
	}
	w.edits = edits
	if modified {
		q.rewrite(w, edits, 0)
	}
	return nil
}
