package unidata

import (
	"sync"
	"unicode/utf8"
)

// graphemeClass is a character's part in the rules of Unicode Standard Annex 29, version 17.0.
type graphemeClass uint8

const (
	other graphemeClass = iota
	control
	extend
	prepend
	spacingMark
	hangulL
	hangulV
	hangulT
	hangulLV
	hangulLVT
	regional
	zwj
)

// The classes that rules GB9c and GB11 ask beside the main one.
const (
	linker graphemeClass = 1 << (iota + 4)
	consonant
	conjunctExtend
	pictographic
	mainClass graphemeClass = 0x0F
)

// classTable finds a character's classes in pages of 256; equal pages are stored once.
type classTable struct {
	pages   [0x1100]uint16
	classes [][256]graphemeClass
}

func (t *classTable) of(r rune) graphemeClass { return t.classes[t.pages[r>>8]][r&0xFF] }

var graphemeClasses = sync.OnceValue(func() *classTable {
	pages := make(map[rune]*[256]graphemeClass)
	for name, class := range map[string]graphemeClass{
		"control": control, "extend": extend, "prepend": prepend, "spacingmark": spacingMark, "l": hangulL, "v": hangulV,
		"t": hangulT, "lv": hangulLV, "lvt": hangulLVT, "regionalindicator": regional, "zwj": zwj,
		"linker": linker, "consonant": consonant, "incbextend": conjunctExtend, "pictographic": pictographic,
	} {
		for _, s := range spans("grapheme " + name) {
			for r := s.First; r <= s.Last; r++ {
				if pages[r>>8] == nil {
					pages[r>>8] = new([256]graphemeClass)
				}
				pages[r>>8][r&0xFF] |= class
			}
		}
	}
	table := &classTable{classes: make([][256]graphemeClass, 1)}
	known := map[[256]graphemeClass]uint16{{}: 0}
	for number, page := range pages {
		at, ok := known[*page]
		if !ok {
			at = uint16(len(table.classes))
			known[*page] = at
			table.classes = append(table.classes, *page)
		}
		table.pages[number] = at
	}
	return table
})

// Grapheme returns the length in bytes of the extended grapheme cluster at the start of text, which is valid UTF-8 and
// not empty.
func Grapheme(text []byte) int {
	if len(text) == 1 || text[0] < 0x80 && text[0] != '\r' && text[1] < 0x80 || text[0] == '\n' {
		return 1
	}
	classes := graphemeClasses()
	r, at := utf8.DecodeRune(text)
	if r == '\r' {
		if len(text) > 1 && text[1] == '\n' {
			return 2
		}
		return 1
	}
	before := classes.of(r)
	flags := before.pairs()           // an odd number of regional indicators so far
	emoji := before&pictographic != 0 // a pictographic character followed by Extend* so far
	conjunct, linked := before&consonant != 0, false
	for at < len(text) {
		r, size := utf8.DecodeRune(text[at:])
		class := classes.of(r)
		if r == '\r' || r == '\n' {
			return at
		}
		if breaks(before&mainClass, class&mainClass) &&
			!(conjunct && linked && class&consonant != 0) && // GB9c
			!(before&mainClass == zwj && emoji && class&pictographic != 0) && // GB11
			!(flags && class&mainClass == regional) { // GB12, GB13
			return at
		}
		flags = class.pairs() && !flags
		switch {
		case class&pictographic != 0:
			emoji = true
		case before&mainClass == zwj || class&mainClass != extend && class&mainClass != zwj:
			emoji = false
		}
		switch {
		case class&consonant != 0:
			conjunct, linked = true, false
		case class&linker != 0:
			linked = true
		case class&conjunctExtend == 0:
			conjunct, linked = false, false
		}
		before = class
		at += size
	}
	return at
}

func (c graphemeClass) pairs() bool { return c&mainClass == regional }

// breaks is rules GB4 to GB9b and GB999.
func breaks(before, after graphemeClass) bool {
	switch {
	case before == control || after == control:
		return true
	case before == hangulL && (after == hangulL || after == hangulV || after == hangulLV || after == hangulLVT),
		(before == hangulLV || before == hangulV) && (after == hangulV || after == hangulT),
		(before == hangulLVT || before == hangulT) && after == hangulT:
		return false
	case after == extend || after == zwj || after == spacingMark || before == prepend:
		return false
	}
	return true
}
