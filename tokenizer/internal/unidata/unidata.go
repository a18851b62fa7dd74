// Package unidata answers what Hugging Face tokenizers 0.23.3 believes about a character.
//
// That library draws on five Rust crates and one C library, each with the Unicode version of its own release, so Go's
// unicode package would disagree on some code points with every one of them. tables.txt holds the answers of the
// library itself, measured by testdata/tables.py.
package unidata

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:embed tables.txt
var tables string

// lines finds the text of a table by its name; the tables themselves are parsed when first asked for.
var lines = sync.OnceValue(func() map[string]string {
	found := make(map[string]string)
	for line := range strings.Lines(tables) {
		if name, ranges, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			found[name] = strings.TrimSpace(ranges)
		}
	}
	return found
})

// Span is a run of characters from First to Last, both included, with the value that a map gives them.
type Span struct {
	First, Last rune
	Value       string
}

// spans parses one table. The text is part of the program, so a fault in it is a panic.
func spans(name string) []Span {
	text, ok := lines()[name]
	if !ok {
		panic(fmt.Sprintf("unidata: no table %q", name))
	}
	words := strings.Fields(text)
	list := make([]Span, 0, len(words))
	var end rune
	for _, word := range words {
		word, value, _ := strings.Cut(word, "=")
		start, length, _ := strings.Cut(word, "-")
		first := end + hex(start)
		end = first
		if length != "" {
			end += hex(length)
		}
		list = append(list, Span{First: first, Last: end, Value: value})
	}
	return list
}

func hex(digits string) rune {
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil {
		panic("unidata: " + err.Error())
	}
	return rune(n)
}

// The sets that normalizers and pre-tokenizers ask. Each is a function so that a program that never uses one never
// pays for it.
var (
	// BertRemoved holds what BertNormalizer's clean_text takes out.
	BertRemoved = table("bert_removed")
	// Nonspacing holds the marks that BertNormalizer's strip_accents takes out after decomposition.
	Nonspacing = table("nonspacing")
	// Combining holds the marks that the StripAccents normalizer takes out.
	Combining = table("combining")
	// Punctuation is what the Punctuation and BertPreTokenizer pre-tokenizers cut around.
	Punctuation = table("punctuation")
	// Numeric is what the Digits pre-tokenizer cuts around.
	Numeric = table("numeric")
	// RustWord is \w of the Rust regex crate: the Whitespace pre-tokenizer and single_word added tokens.
	RustWord = table("rust_word")
	// Normalized holds the characters with a decomposition or a combining class in the library's Unicode 9.0 tables.
	Normalized = table("normalized")
)

func table(name string) func() *Set {
	return sync.OnceValue(func() *Set { return NewSet(spans(name)) })
}

// Oniguruma returns the set that Oniguruma 6.9.10 (Unicode 16.0) calls name: a property, script or general category in
// lower case without spaces, '-' and '_', or "posix" and the name of a bracket class, or "type" and the letter of an
// escape such as \s. ok is false when the name is not known here.
func Oniguruma(name string) (list []Span, ok bool) {
	if _, known := lines()["onig "+name]; !known {
		return nil, false
	}
	return spans("onig " + name), true
}

var lower = sync.OnceValue(func() map[rune][]rune {
	mapping := make(map[rune][]rune)
	for _, s := range spans("lower") {
		for r := s.First; r <= s.Last; r++ {
			if delta, err := strconv.Atoi(s.Value); err == nil && !strings.Contains(s.Value, "+") {
				mapping[r] = []rune{r + rune(delta)}
				continue
			}
			for part := range strings.SplitSeq(s.Value, "+") {
				mapping[r] = append(mapping[r], hex(part))
			}
		}
	}
	return mapping
})

// Lower returns the characters that char::to_lowercase of Rust makes of r, or nil when it leaves r as it is.
func Lower(r rune) []rune {
	if r < 0x80 {
		if 'A' <= r && r <= 'Z' {
			return asciiLower[r-'A' : r-'A'+1]
		}
		return nil
	}
	return lower()[r]
}

var asciiLower = []rune("abcdefghijklmnopqrstuvwxyz")

var scripts = sync.OnceValue(func() map[rune]int {
	numbers := make(map[rune]int)
	for _, s := range spans("scripts") {
		number, err := strconv.Atoi(s.Value)
		if err != nil {
			panic("unidata: " + err.Error())
		}
		for r := s.First; r <= s.Last; r++ {
			numbers[r] = number
		}
	}
	return numbers
})

// Script numbers the script that the UnicodeScripts pre-tokenizer sees in r: kana counts as Han, and 0 is for the
// space and every character that belongs to any script.
func Script(r rune) int { return scripts()[r] }
