package tokenizer

import (
	"encoding/json"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/ajolote-ai/ajolote/tokenizer/internal/onig"
)

// byteLetter is GPT-2's printable character for each byte: itself where it is visible, else one from U+0100 on.
// letterByte is the way back.
var byteLetter, letterByte = func() (letters [256]rune, back map[rune]byte) {
	back = make(map[rune]byte, 256)
	next := rune(0x100)
	for b := range 256 {
		switch {
		case '!' <= b && b <= '~', 0xA1 <= b && b <= 0xAC, 0xAE <= b:
			letters[b] = rune(b)
		default:
			letters[b] = next
			next++
		}
		back[letters[b]] = byte(b)
	}
	return letters, back
}()

// gpt2Words is the pattern that ByteLevel cuts with.
var gpt2Words = sync.OnceValue(func() expression {
	re, err := onig.Compile(`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`)
	if err != nil {
		panic("tokenizer: " + err.Error())
	}
	return expression{re}
})

// byteLevel cuts into words in GPT-2's way and writes their bytes as letters. When lazy is set the last part is left to
// the model, which knows the bytes themselves.
type byteLevel struct {
	prefix bool // put a space before a text without one
	trim   bool // as post-processor: leave spaces out of the offsets
	words  bool
	lazy   bool
}

func parseByteLevel(raw json.RawMessage) (*byteLevel, error) {
	file := struct {
		AddPrefixSpace bool `json:"add_prefix_space"`
		TrimOffsets    bool `json:"trim_offsets"`
		UseRegex       bool `json:"use_regex"`
	}{UseRegex: true}
	err := decodePart(raw, &file, "add_prefix_space", "trim_offsets")
	return &byteLevel{prefix: file.AddPrefixSpace, trim: file.TrimOffsets, words: file.UseRegex}, err
}

func (b *byteLevel) split(w *worker, p *piece, out []piece) ([]piece, error) {
	q := *p
	if b.prefix && len(q.text) > 0 && q.text[0] != ' ' {
		q.prepend(w, " ")
	}
	first := len(out)
	if !b.words {
		out = append(out, q)
	} else {
		var err error
		if out, err = gpt2Words().isolate(&q, out); err != nil {
			return out, err
		}
	}
	if !b.lazy {
		for i := first; i < len(out); i++ {
			if err := (byteLetters{}).normalize(w, &out[i]); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// trimSpaces takes the spaces that a token begins or ends with out of its offsets, as ByteLevel and RoBERTa do after the
// model.
func trimSpaces(tokens []string, offsets [][2]int, prefixed bool) {
	for i, token := range tokens {
		leading, trailing := 0, 0
		for _, r := range token {
			if r != byteLetter[' '] && !unicode.IsSpace(r) {
				break
			}
			leading++
		}
		for rest := token; rest != ""; trailing++ {
			r, size := utf8.DecodeLastRuneInString(rest)
			if r != byteLetter[' '] && !unicode.IsSpace(r) {
				break
			}
			rest = rest[:len(rest)-size]
		}
		o := &offsets[i]
		if leading > 0 {
			if prefixed && leading == 1 && (i == 0 || o[0] == 0) {
				leading = 0 // the space is the one that was put in
			}
			o[0] = min(o[0]+leading, o[1])
		}
		if trailing > 0 && o[1] >= trailing {
			o[1] = max(o[1]-trailing, o[0])
		}
	}
}
