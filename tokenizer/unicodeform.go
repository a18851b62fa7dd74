package tokenizer

import (
	"cmp"
	"slices"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/ajolote-ai/ajolote/tokenizer/internal/unidata"
)

// unicodeForm is NFD, NFC, NFKD or NFKC with the account of which character came from which, in the order of the Rust
// crate unicode-normalization-alignments, whose tables are those of Unicode 9.0.
type unicodeForm struct{ compatible, compose bool }

func (f unicodeForm) normalize(w *worker, p *piece) error {
	if f.unchanged(p.text) {
		return nil
	}
	edits := decomposed(w.edits[:0], p.text, f.compatible)
	if f.compose {
		edits = composed(edits)
	}
	w.edits = edits
	p.rewrite(w, edits, 0)
	return nil
}

// unchanged is true for a text in which no character has a decomposition, a class, or a composition with its neighbour.
func (f unicodeForm) unchanged(text []byte) bool {
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if f.compose && 0xC0 <= r && r < 0x250 && !f.compatible { // composed letters stay composed; marks come later
			i += size
			continue
		}
		if 0x1160 <= r && r < 0x1200 || unidata.Normalized().Has(r) {
			return false
		}
		i += size
	}
	return true
}

// decomposition is the full decomposition of r; the slice must not be changed.
func decomposition(r rune, compatible bool) []rune {
	if r < 0x80 || !unidata.Normalized().Has(r) {
		return []rune{r}
	}
	if 0xAC00 <= r && r < 0xD7A4 { // Hangul syllables are taken apart by arithmetic
		s := r - 0xAC00
		parts := []rune{0x1100 + s/588, 0x1161 + s%588/28, 0x11A7 + s%28}
		if s%28 == 0 {
			return parts[:2]
		}
		return parts
	}
	if !compatible && int(r) < len(latinDecompositions()) {
		return latinDecompositions()[r]
	}
	return decompose(r, compatible)
}

// latinDecompositions keeps the canonical decompositions of the characters of most texts.
var latinDecompositions = sync.OnceValue(func() *[0x2000][]rune {
	var table [0x2000][]rune
	for r := range table {
		table[r] = decompose(rune(r), false)
	}
	return &table
})

func decompose(r rune, compatible bool) []rune {
	form := norm.NFD
	if compatible {
		form = norm.NFKD
	}
	if d := form.PropertiesString(string(r)).Decomposition(); d != nil {
		return []rune(string(d))
	}
	return []rune{r}
}

func combiningClass(r rune) uint8 {
	if r < 0x300 || !unidata.Normalized().Has(r) {
		return 0
	}
	return norm.NFD.PropertiesString(string(r)).CCC()
}

// decomposed appends the decomposition of text, marks in canonical order.
func decomposed(edits []edit, text []byte, compatible bool) []edit {
	pending := len(edits) // from here on are marks that are not in order yet
	order := func() {
		if len(edits)-pending > 1 {
			slices.SortStableFunc(edits[pending:], func(a, b edit) int { return cmp.Compare(combiningClass(a.r), combiningClass(b.r)) })
		}
	}
	push := func(r rune, change int32) {
		if combiningClass(r) == 0 {
			order()
			edits = append(edits, edit{r, change})
			pending = len(edits)
			return
		}
		edits = append(edits, edit{r, change})
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		i += size
		if r < 0x80 || !unidata.Normalized().Has(r) {
			push(r, 0)
			continue
		}
		for n, d := range decomposition(r, compatible) {
			push(d, int32(min(n, 1)))
		}
	}
	order()
	return edits
}

// composed joins the characters of a decomposed text. A joined character carries the changes of its parts.
func composed(edits []edit) []edit {
	out := make([]edit, 0, len(edits))
	starter := -1 // where in out the last character of class 0 is
	last := -1    // the class of the mark before, -1 directly behind the starter
	for _, e := range edits {
		class := int(combiningClass(e.r))
		if starter < 0 {
			if class == 0 {
				starter = len(out)
			}
			out = append(out, e)
			continue
		}
		if last < 0 || last < class {
			if r, ok := composition(out[starter].r, e.r); ok {
				out[starter] = edit{r, out[starter].change + e.change - 1}
				continue
			}
		}
		if class == 0 {
			starter, last = len(out), -1
		} else {
			last = class
		}
		out = append(out, e)
	}
	return out
}

// compositions holds the primary composites of Unicode 9.0.
var compositions = sync.OnceValue(func() map[[2]rune]rune {
	pairs := make(map[[2]rune]rune)
	for r := rune(0xC0); r < 0x30000; r++ {
		if 0xAC00 <= r && r < 0xD7A4 || !unidata.Normalized().Has(r) {
			continue
		}
		d := decomposition(r, false)
		if len(d) < 2 || norm.NFC.String(string(d)) != string(r) {
			continue
		}
		head := []rune(norm.NFC.String(string(d[:len(d)-1])))
		if len(head) == 1 {
			pairs[[2]rune{head[0], d[len(d)-1]}] = r
		}
	}
	return pairs
})

func composition(a, b rune) (rune, bool) {
	if 0x1100 <= a && a < 0x1113 && 0x1161 <= b && b < 0x1176 {
		return 0xAC00 + ((a-0x1100)*21+(b-0x1161))*28, true
	}
	if 0xAC00 <= a && a < 0xD7A4 && (a-0xAC00)%28 == 0 && 0x11A8 <= b && b < 0x11C3 {
		return a + b - 0x11A7, true
	}
	r, ok := compositions()[[2]rune{a, b}]
	return r, ok
}
