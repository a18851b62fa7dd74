package tokenizer

import (
	"encoding/json"
	"unicode"
	"unicode/utf8"

	"github.com/ajolote-ai/ajolote/tokenizer/internal/unidata"
)

// bertNormalizer is the text cleaning of BERT: control characters go, white space becomes spaces, CJK characters get
// spaces around them, accents go, capitals become small.
type bertNormalizer struct{ clean, chinese, accents, lower bool }

func parseBertNormalizer(raw json.RawMessage) (*bertNormalizer, error) {
	var file struct {
		CleanText          bool  `json:"clean_text"`
		HandleChineseChars bool  `json:"handle_chinese_chars"`
		StripAccents       *bool `json:"strip_accents"`
		Lowercase          bool
	}
	if err := decodePart(raw, &file, "clean_text", "handle_chinese_chars", "lowercase"); err != nil {
		return nil, err
	}
	n := &bertNormalizer{clean: file.CleanText, chinese: file.HandleChineseChars, accents: file.Lowercase, lower: file.Lowercase}
	if file.StripAccents != nil {
		n.accents = *file.StripAccents
	}
	return n, nil
}

func (n *bertNormalizer) normalize(w *worker, p *piece) error {
	if !w.track && n.plain(w, p) {
		return nil
	}
	var steps normalizers
	if n.clean {
		steps = append(steps, keepRunes(keptByBert), mapRunes(spaced))
	}
	if n.chinese {
		steps = append(steps, spaceChinese{})
	}
	if n.accents {
		steps = append(steps, unicodeForm{}, keepRunes(func(r rune) bool { return r < 0x300 || !unidata.Nonspacing().Has(r) }))
	}
	if n.lower {
		steps = append(steps, lowercase{})
	}
	return steps.normalize(w, p)
}

// plain does all the steps in one pass, for a text whose origins are not asked. The canonical order of marks needs no
// care as long as every mark that has a place in it is dropped; at one that is not, plain gives up.
func (n *bertNormalizer) plain(w *worker, p *piece) bool {
	out := w.text[:0]
	text := p.text
	for i := 0; i < len(text); {
		b := text[i]
		if b < utf8.RuneSelf {
			i++
			switch {
			case 'A' <= b && b <= 'Z' && n.lower:
				b += 'a' - 'A'
			case b < ' ' || b == 0x7F:
				if n.clean {
					if !keptByBert(rune(b)) {
						continue
					}
					b = byte(spaced(rune(b)))
				}
			}
			out = append(out, b)
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		i += size
		if n.clean {
			if !keptByBert(r) {
				continue
			}
			r = spaced(r)
		}
		if n.chinese && chinese(r) {
			out = append(out, ' ')
		}
		var ok bool
		if out, ok = n.letter(out, r); !ok {
			return false
		}
		if n.chinese && chinese(r) {
			out = append(out, ' ')
		}
	}
	w.text = out
	p.text = w.keep(out)
	return true
}

// letter appends what becomes of r after the cleaning; it is false when the order of marks would matter.
func (n *bertNormalizer) letter(out []byte, r rune) ([]byte, bool) {
	if n.accents && r >= 0xC0 {
		if unidata.Normalized().Has(r) {
			for _, d := range decomposition(r, false) {
				if unidata.Nonspacing().Has(d) {
					continue
				}
				if combiningClass(d) != 0 {
					return out, false
				}
				out = n.small(out, d)
			}
			return out, true
		}
		if r >= 0x300 && unidata.Nonspacing().Has(r) {
			return out, true
		}
	}
	return n.small(out, r), true
}

func (n *bertNormalizer) small(out []byte, r rune) []byte {
	if n.lower {
		if low := unidata.Lower(r); low != nil {
			for _, l := range low {
				out = utf8.AppendRune(out, l)
			}
			return out
		}
	}
	return utf8.AppendRune(out, r)
}

func keptByBert(r rune) bool {
	if ' ' <= r && r < 0x7F || r == '\t' || r == '\n' || r == '\r' {
		return true
	}
	return !unidata.BertRemoved().Has(r)
}

func spaced(r rune) rune {
	if unicode.IsSpace(r) {
		return ' '
	}
	return r
}

func chinese(r rune) bool {
	return 0x4E00 <= r && r <= 0x9FFF || 0x3400 <= r && r <= 0x4DBF || 0x20000 <= r && r <= 0x2A6DF || 0x2A700 <= r && r <= 0x2B73F ||
		0x2B740 <= r && r <= 0x2B81F || 0x2B920 <= r && r <= 0x2CEAF || 0xF900 <= r && r <= 0xFAFF || 0x2F800 <= r && r <= 0x2FA1F
}

// spaceChinese puts a space before and behind each CJK character. As upstream, it is the first space that takes the
// character's place and the character that counts as added.
type spaceChinese struct{}

func (spaceChinese) normalize(w *worker, p *piece) error {
	edits := w.edits[:0]
	found := false
	for i := 0; i < len(p.text); {
		r, size := utf8.DecodeRune(p.text[i:])
		i += size
		if chinese(r) {
			edits = append(edits, edit{' ', 0}, edit{r, 1}, edit{' ', 1})
			found = true
			continue
		}
		edits = append(edits, edit{r: r})
	}
	w.edits = edits
	if found {
		p.rewrite(w, edits, 0)
	}
	return nil
}
