package tokenizer

import (
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/ajolote-ai/ajolote/tokenizer/internal/onig"
	"github.com/ajolote-ai/ajolote/tokenizer/internal/unidata"
)

// normalizer changes the text of a piece. Hugging Face tokenizers ignores a normalizer that fails; the only failure there
// is here, a regular expression without end, is reported.
type normalizer interface {
	normalize(w *worker, p *piece) error
}

// parseNormalizer reads the "normalizer" of a tokenizer.json; null is nil.
func parseNormalizer(raw json.RawMessage) (normalizer, error) {
	kind, err := typeOf(raw)
	if err != nil || kind == "" {
		return nil, err
	}
	switch kind {
	case "Sequence":
		var file struct{ Normalizers []json.RawMessage }
		if err := decodePart(raw, &file, "normalizers"); err != nil {
			return nil, err
		}
		var list normalizers
		for i, part := range file.Normalizers {
			n, err := parseNormalizer(part)
			if err != nil {
				return nil, fmt.Errorf("normalizers[%d]: %w", i, err)
			}
			if n == nil {
				return nil, fmt.Errorf("normalizers[%d] is null", i)
			}
			list = append(list, n)
		}
		return list, nil
	case "Prepend":
		var file struct{ Prepend string }
		err := decodePart(raw, &file, "prepend")
		return prependText(file.Prepend), err
	case "Replace":
		return parseReplace(raw)
	case "Strip":
		var n stripSpace
		return n, decodePart(raw, &n, "strip_left", "strip_right")
	case "StripAccents":
		return keepRunes(func(r rune) bool { return r < 0x300 || !unidata.Combining().Has(r) }), nil
	case "Lowercase":
		return lowercase{}, nil
	case "NFC", "NFD", "NFKC", "NFKD":
		return unicodeForm{compatible: kind[2] == 'K', compose: kind[len(kind)-1] == 'C'}, nil
	case "Nmt":
		return normalizers{keepRunes(keptByNmt), mapRunes(nmtSpace)}, nil
	case "Bert", "BertNormalizer":
		return parseBertNormalizer(raw)
	case "ByteLevel":
		return byteLetters{}, nil
	case "Precompiled":
		return parsePrecompiled(raw)
	}
	return nil, fmt.Errorf("unknown normalizer type %q", kind)
}

// normalizers run one after the other.
type normalizers []normalizer

func (list normalizers) normalize(w *worker, p *piece) error {
	for _, n := range list {
		if err := n.normalize(w, p); err != nil {
			return err
		}
	}
	return nil
}

type prependText string

func (s prependText) normalize(w *worker, p *piece) error {
	p.prepend(w, string(s))
	return nil
}

// replaceText puts content in the place of every match.
type replaceText struct {
	pattern pattern
	content string
}

func parseReplace(raw json.RawMessage) (*replaceText, error) {
	var file struct {
		Pattern patternFile
		Content string
	}
	if err := decodePart(raw, &file, "pattern", "content"); err != nil {
		return nil, err
	}
	p, err := file.Pattern.compile()
	return &replaceText{p, file.Content}, err
}

// patternFile is {"String": …} or {"Regex": …}.
type patternFile struct{ String, Regex *string }

func (f patternFile) compile() (pattern, error) {
	switch {
	case f.String != nil && f.Regex == nil:
		return literal(*f.String), nil
	case f.Regex != nil && f.String == nil:
		re, err := onig.Compile(*f.Regex)
		return expression{re}, err
	}
	return nil, fmt.Errorf(`pattern is neither {"String": …} nor {"Regex": …}`)
}

func (n *replaceText) normalize(w *worker, p *piece) error {
	if len(p.text) == 0 {
		return nil
	}
	events, err := n.pattern.events(w.events[:0], p.text)
	w.events = events
	if err != nil {
		return err
	}
	if len(events) == 1 && !events[0].match {
		return nil
	}
	p.replaced(w, events, n.content)
	return nil
}

type stripSpace struct {
	StripLeft  bool `json:"strip_left"`
	StripRight bool `json:"strip_right"`
}

func (n stripSpace) normalize(w *worker, p *piece) error {
	leading, trailing, count := 0, 0, 0
	blank := true
	for i := 0; i < len(p.text); count++ {
		r, size := utf8.DecodeRune(p.text[i:])
		i += size
		if !unicode.IsSpace(r) {
			blank, trailing = false, 0
			continue
		}
		trailing++
		if blank {
			leading++
		}
	}
	if !n.StripLeft {
		leading = 0
	}
	if !n.StripRight {
		trailing = 0
	}
	if leading == 0 && trailing == 0 {
		return nil
	}
	edits := w.edits[:0]
	number := 0
	for i := 0; i < len(p.text); number++ {
		r, size := utf8.DecodeRune(p.text[i:])
		i += size
		if number < leading || number >= count-trailing {
			continue
		}
		change := 0
		if number == len(p.text)-trailing-1 { // upstream compares a count of characters with one of bytes
			change = -trailing
		}
		edits = append(edits, edit{r, int32(change)})
	}
	w.edits = edits
	p.rewrite(w, edits, leading)
	return nil
}

// keepRunes drops the characters for which it is false.
type keepRunes func(rune) bool

func (keep keepRunes) normalize(w *worker, p *piece) error {
	edits := w.edits[:0]
	skip, gone := 0, 0
	for i := 0; i < len(p.text); {
		r, size := utf8.DecodeRune(p.text[i:])
		i += size
		if !keep(r) {
			gone++
			continue
		}
		if n := len(edits); n > 0 {
			edits[n-1].change = int32(-gone)
		} else {
			skip = gone
		}
		gone = 0
		edits = append(edits, edit{r: r})
	}
	if n := len(edits); n > 0 {
		edits[n-1].change = int32(-gone)
	}
	w.edits = edits
	if len(edits) < utf8.RuneCount(p.text) {
		p.rewrite(w, edits, skip)
	}
	return nil
}

// mapRunes puts another character in the place of each one.
type mapRunes func(rune) rune

func (to mapRunes) normalize(w *worker, p *piece) error {
	edits := w.edits[:0]
	changed := false
	for i := 0; i < len(p.text); {
		r, size := utf8.DecodeRune(p.text[i:])
		i += size
		edits = append(edits, edit{r: to(r)})
		changed = changed || edits[len(edits)-1].r != r
	}
	w.edits = edits
	if changed {
		p.rewrite(w, edits, 0)
	}
	return nil
}

func keptByNmt(r rune) bool {
	switch {
	case 0x01 <= r && r <= 0x08, r == 0x0B, 0x0E <= r && r <= 0x1F, r == 0x7F, r == 0x8F, r == 0x9F:
		return false
	}
	return true
}

func nmtSpace(r rune) rune {
	switch {
	case r == 0x09, r == 0x0A, r == 0x0C, r == 0x0D, r == 0x1680, 0x200B <= r && r <= 0x200F, r == 0x2028, r == 0x2029, r == 0x2581,
		r == 0xFEFF, r == 0xFFFD:
		return ' '
	}
	return r
}

type lowercase struct{}

func (lowercase) normalize(w *worker, p *piece) error {
	edits := w.edits[:0]
	changed := false
	for i := 0; i < len(p.text); {
		r, size := utf8.DecodeRune(p.text[i:])
		i += size
		low := unidata.Lower(r)
		if low == nil {
			edits = append(edits, edit{r: r})
			continue
		}
		changed = true
		for n, l := range low {
			edits = append(edits, edit{l, int32(min(n, 1))})
		}
	}
	w.edits = edits
	if changed {
		p.rewrite(w, edits, 0)
	}
	return nil
}

// byteLetters writes each byte as the printable character that stands for it in byte-level vocabularies.
type byteLetters struct{}

func (byteLetters) normalize(w *worker, p *piece) error {
	if len(p.text) == 0 {
		return nil
	}
	edits := w.edits[:0]
	for _, b := range p.text {
		e := edit{r: byteLetter[b]}
		if !utf8.RuneStart(b) {
			e.change = 1
		}
		edits = append(edits, e)
	}
	w.edits = edits
	p.rewrite(w, edits, 0)
	return nil
}
