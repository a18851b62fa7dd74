package tokenizer

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/ajolote-ai/ajolote/tokenizer/internal/unidata"
)

// AddedToken is a token that is cut out of a text before the model sees it.
type AddedToken struct {
	ID      int32
	Content string
	// SingleWord asks that no word character stands directly before or behind it.
	SingleWord bool
	// LStrip and RStrip let it take the white space before and behind it.
	LStrip, RStrip bool
	// Normalized looks for it in the normalised text, in its own normalised form.
	Normalized bool
	// Special tokens are left out by Decode when that is asked.
	Special bool
}

// addedTokens is AddedVocabulary of Hugging Face tokenizers.
type addedTokens struct {
	byContent map[string]int32
	byID      map[int32]AddedToken
	special   map[string]bool  // contents
	normal    map[int32]string // the normalised content where it differs
	raw       finder           // tokens looked for in the raw text
	cooked    finder           // tokens looked for in the normalised text
}

// add enters the tokens of a file in order. The id of a token is the model's when it knows the content and the next free
// one otherwise; the id in the file is not asked, as upstream.
func (a *addedTokens) add(tokens []AddedToken, m model, normalize func(string) (string, error)) error {
	a.byContent, a.byID = map[string]int32{}, map[int32]AddedToken{}
	a.special, a.normal = map[string]bool{}, map[int32]string{}
	next := int32(m.size())
	for _, token := range tokens {
		if token.Content == "" {
			continue
		}
		if id, ok := a.byContent[token.Content]; ok {
			known := a.byID[id]
			if token.ID = id; known == token {
				continue
			}
			token.ID = id
		} else if id, ok := m.id(token.Content); ok {
			token.ID = id
		} else {
			token.ID = next
			next++
		}
		if token.Normalized {
			form, err := normalize(token.Content)
			if err != nil {
				return fmt.Errorf("added token %q: %w", token.Content, err)
			}
			if form != token.Content {
				a.normal[token.ID] = form
			}
		}
		a.byContent[token.Content] = token.ID
		if token.Special {
			a.special[token.Content] = true
		}
		a.byID[token.ID] = token
	}
	for id, token := range a.byID {
		f, content := &a.raw, token.Content
		if token.Normalized {
			f = &a.cooked
			if form, ok := a.normal[id]; ok {
				content = form
			}
		}
		if err := f.add(content, id); err != nil {
			return fmt.Errorf("added token %q: %w", token.Content, err)
		}
	}
	return nil
}

// text is the form of an added token in decoding.
func (a *addedTokens) text(id int32) (string, bool) {
	token, ok := a.byID[id]
	if !ok {
		return "", false
	}
	if form, ok := a.normal[id]; ok {
		return form, true
	}
	return token.Content, true
}

// extract cuts the tokens of f out of p and appends the parts, tokens among them; empty parts are dropped.
func (a *addedTokens) extract(f *finder, p piece, out []piece) []piece {
	if f.empty() {
		if len(p.text) > 0 {
			out = append(out, p.cut(0, len(p.text)))
		}
		return out
	}
	done, at := 0, 0
	for at < len(p.text) {
		start, end, id, ok := f.next(p.text, at)
		if !ok {
			break
		}
		at = end
		token := a.byID[id]
		if token.SingleWord && (wordEnds(p.text[:start]) || wordStarts(p.text[end:])) {
			continue
		}
		if token.LStrip {
			start = max(len(bytes.TrimRightFunc(p.text[:start], unicode.IsSpace)), done)
		}
		if token.RStrip {
			end = len(p.text) - len(bytes.TrimLeftFunc(p.text[end:], unicode.IsSpace))
		}
		if done < start {
			out = append(out, p.cut(done, start))
		}
		part := p.cut(start, end)
		part.token = id
		if start < end {
			out = append(out, part)
		}
		done = end
	}
	if done < len(p.text) {
		out = append(out, p.cut(done, len(p.text)))
	}
	return out
}

func wordEnds(text []byte) bool {
	r, size := utf8.DecodeLastRune(text)
	return size > 0 && unidata.RustWord().Has(r)
}

func wordStarts(text []byte) bool {
	r, size := utf8.DecodeRune(text)
	return size > 0 && unidata.RustWord().Has(r)
}

// finder looks for the leftmost of many strings, the longest where several begin at one place.
type finder struct {
	first [256]bool
	only  int // the one byte that every string begins with, when there is just one; else -1
	nodes []finderNode
}

type finderNode struct {
	next map[byte]int
	id   int32 // of the string that ends here, or -1
}

func (f *finder) empty() bool { return len(f.nodes) == 0 }

func (f *finder) add(content string, id int32) error {
	if content == "" {
		return fmt.Errorf("its normalised form is empty")
	}
	if f.nodes == nil {
		f.nodes = []finderNode{{next: map[byte]int{}, id: -1}}
		f.only = int(content[0])
	}
	if f.only != int(content[0]) {
		f.only = -1
	}
	f.first[content[0]] = true
	at := 0
	for i := range len(content) {
		next, ok := f.nodes[at].next[content[i]]
		if !ok {
			next = len(f.nodes)
			f.nodes = append(f.nodes, finderNode{next: map[byte]int{}, id: -1})
			f.nodes[at].next[content[i]] = next
		}
		at = next
	}
	if f.nodes[at].id >= 0 {
		return fmt.Errorf("another added token has the same form %q", content)
	}
	f.nodes[at].id = id
	return nil
}

// next finds the first string at or behind byte from.
func (f *finder) next(text []byte, from int) (start, end int, id int32, ok bool) {
	for start = from; start < len(text); start++ {
		if f.only >= 0 {
			i := bytes.IndexByte(text[start:], byte(f.only))
			if i < 0 {
				return 0, 0, 0, false
			}
			start += i
		} else if !f.first[text[start]] {
			continue
		}
		node, id := 0, int32(-1)
		for i := start; i < len(text); i++ {
			following, ok := f.nodes[node].next[text[i]]
			if !ok {
				break
			}
			if node = following; f.nodes[node].id >= 0 {
				id, end = f.nodes[node].id, i+1
			}
		}
		if id >= 0 {
			return start, end, id, true
		}
	}
	return 0, 0, 0, false
}

func (a *addedTokens) list() []AddedToken {
	return slices.SortedFunc(maps.Values(a.byID), func(x, y AddedToken) int { return int(x.ID - y.ID) })
}
