package generate

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ajolote-ai/ajolote/generate/grammar"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/tokenizer"
)

// sequence is one request at work.
type sequence struct {
	Request
	number  int // in its call
	g       *Generator
	call    *call
	kept    *keptPrefix // that the prompt begins with; nil for none
	prefix  *llama.Prefix
	cache   *llama.Cache
	pending []int32 // tokens that the model has not seen yet
	now     []int32 // those of them that go into the next pass
	reading bool    // the model has not seen all of the prompt yet
	tokens  []int32 // written so far
	probs   []float32
	sampler *sampler
	passes  int

	state   *grammar.State // after the tokens; nil without a grammar
	guessed []int32        // in this step
	courage int            // how many tokens are guessed at once, at most

	decoder *tokenizer.Stream // nil without a tokenizer, and with a grammar, which knows the bytes
	partial []byte            // of a character that is not complete
	text    strings.Builder
	told    int // bytes of text that Stream has got

	refused error // of Stream; of the caller, written under the queue's lock
	ended   bool
	last    Result // when ended
}

func newSequence(g *Generator, c *call, number int, r Request) *sequence {
	s := &sequence{Request: r, number: number, g: g, call: c, pending: slices.Clone(r.Prompt), reading: true}
	if g.alone() {
		s.Guess = 0
	}
	s.sampler = newSampler(r.Options)
	s.courage = min(firstGuess, s.Guess)
	if r.Words == nil {
		s.Words = r.Prompt
	}
	switch {
	case r.Grammar != nil:
		s.state = r.Grammar.Masks.Grammar.Start()
		s.force()
	case g.Tokenizer != nil:
		s.decoder = g.Tokenizer.Stream(true)
	}
	return s
}

func (s *sequence) capacity() int {
	n := len(s.Prompt) + s.MaxNewTokens
	if s.kept != nil {
		n -= len(s.kept.ids)
	}
	return n
}

func (s *sequence) end(r Result) { s.ended, s.last = true, r }

// take appends a token, and ends the sequence where it must end with it.
func (s *sequence) take(token int32, logProb float32) {
	if slices.Contains(s.StopTokens, token) {
		s.end(s.result(StopToken, nil))
		return
	}
	s.tokens = append(s.tokens, token)
	if s.LogProbs {
		s.probs = append(s.probs, logProb)
	}
	s.write(token)
	if cut := s.stopString(); cut >= 0 {
		r := s.result(StopString, nil)
		r.Text = r.Text[:cut]
		s.end(r)
		return
	}
	s.tell(s.safe())
	switch {
	case s.state != nil && s.state.Final():
		s.end(s.result(Complete, nil))
	case len(s.tokens) >= s.MaxNewTokens:
		s.end(s.result(Length, nil))
	}
}

// write appends a token's text, whole characters only.
func (s *sequence) write(token int32) {
	switch {
	case s.state != nil:
		raw := s.Grammar.Masks.Vocabulary.Bytes(token)
		s.state = s.state.Advance(raw)
		s.partial = append(s.partial, raw...)
		whole := len(s.partial)
		for i := 1; i < utf8.UTFMax && i <= whole; i++ {
			if utf8.RuneStart(s.partial[whole-i]) {
				if !utf8.FullRune(s.partial[whole-i:]) {
					whole -= i
				}
				break
			}
		}
		s.text.Write(s.partial[:whole])
		s.partial = append(s.partial[:0], s.partial[whole:]...)
	case s.decoder != nil:
		s.text.WriteString(s.decoder.Push(token))
	}
}

// stopString finds the first stop string in the text; -1 for none.
func (s *sequence) stopString() int {
	cut := -1
	for _, stop := range s.StopStrings {
		if at := strings.Index(s.text.String(), stop); at >= 0 && (cut < 0 || at < cut) {
			cut = at
		}
	}
	return cut
}

// safe is how much of the text cannot be the beginning of a stop string.
func (s *sequence) safe() int {
	text := s.text.String()
	safe := len(text)
	for _, stop := range s.StopStrings {
		for n := min(len(stop)-1, len(text)); n > 0; n-- {
			if strings.HasSuffix(text, stop[:n]) {
				safe = min(safe, len(text)-n)
				break
			}
		}
	}
	return safe
}

// tell lets the caller's Stream have the text up to a place.
func (s *sequence) tell(upTo int) {
	if s.Stream == nil || upTo <= s.told {
		return
	}
	s.g.queue.mu.Lock()
	defer s.g.queue.mu.Unlock()
	s.call.post(event{s: s, text: s.text.String()[s.told:upTo]})
	s.told = upTo
}

func (s *sequence) result(reason Reason, err error) Result {
	r := Result{Tokens: s.tokens, LogProbs: s.probs, Reason: reason, Err: err, Passes: s.passes}
	if s.decoder != nil {
		s.text.WriteString(s.decoder.Flush())
	}
	if s.state != nil && reason == Length && !s.state.Accepts() {
		r.Closed = string(s.state.Completion())
		s.text.Write(s.partial)
		s.text.WriteString(r.Closed)
	}
	r.Text = s.text.String()
	if err == nil {
		end := len(r.Text)
		if cut := s.stopString(); cut >= 0 {
			end = cut
		}
		s.tell(end)
	}
	return r
}
