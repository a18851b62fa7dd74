package generate

import (
	"errors"
	"slices"

	"github.com/ajolote-ai/ajolote/generate/grammar"
	"github.com/ajolote-ai/ajolote/tokenizer"
)

// Grammar restricts what a model writes. It may serve many requests at once, and gets faster with use.
type Grammar struct {
	Masks     *grammar.Masks
	tokenizer *tokenizer.Tokenizer
}

// NewGrammar puts a grammar over the words of a model: words is the number of its logits.
func NewGrammar(g *grammar.Grammar, t *tokenizer.Tokenizer, words int) (*Grammar, error) {
	v, err := grammar.FromTokenizer(t, words)
	if err != nil {
		return nil, err
	}
	return &Grammar{Masks: grammar.NewMasks(g, v), tokenizer: t}, nil
}

var errNoToken = errors.New("generate: no token of the vocabulary can go on as the grammar demands")

// force appends what the grammar demands, up to the next choice, as the tokenizer would write it: these tokens go through
// the model together. The last of them is left to be chosen, as what follows may have a token in common with it.
func (s *sequence) force() {
	if s.state == nil || s.ended {
		return
	}
	text := s.state.Forced()
	if len(text) < 2 {
		return
	}
	tokens := s.canonical(string(text))
	for _, token := range tokens {
		s.pending = append(s.pending[:len(s.pending):len(s.pending)], token)
		if s.take(token, 0); s.ended {
			return
		}
	}
}

// lineBreak stands before a text to be tokenised: there a tokenizer puts no space of its own, and answers follow one.
const lineBreak = "\n"

// canonical are the tokens that the tokenizer makes of text behind what is written, without the last one; none when what is
// written is not as the tokenizer would have it.
func (s *sequence) canonical(text string) []int32 {
	t := s.Grammar.tokenizer
	o := tokenizer.EncodeOptions{WithoutSpecialTokens: true}
	for _, before := range []string{lineBreak, ""} {
		lead, err := t.EncodeIDs(before, o)
		if err != nil {
			continue
		}
		ids, err := t.EncodeIDs(before+s.text.String()+text, o)
		lead = append(lead, s.tokens...)
		if err != nil || len(ids) < len(lead)+1 || !slices.Equal(ids[:len(lead)], lead) {
			continue
		}
		return s.demanded(ids[len(lead):len(ids)-1], text)
	}
	return nil
}

// demanded is the beginning of tokens that writes text's bytes.
func (s *sequence) demanded(tokens []int32, text string) []int32 {
	for i, token := range tokens {
		raw := string(s.Grammar.Masks.Vocabulary.Bytes(token))
		if raw == "" || len(raw) > len(text) || text[:len(raw)] != raw {
			return tokens[:i]
		}
		text = text[len(raw):]
	}
	return tokens
}
