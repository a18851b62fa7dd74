package generate

import "slices"

// Guessing by prompt lookup (Saxena, "Prompt Lookup Decoding", 2023): an answer repeats words of its question, so the tokens
// that followed the last ones there are guessed to follow here. They go through the model together with the last known
// token, and those are kept that the model would have picked: the text is the same as without.

const (
	longestMatch = 3
	firstGuess   = 4
)

// guess looks for what may follow.
func (s *sequence) guess() {
	s.guessed = nil
	room := min(s.courage, s.MaxNewTokens-len(s.tokens)-1)
	if s.Guess == 0 || room <= 0 || len(s.tokens) == 0 || len(s.now) < len(s.pending) {
		return
	}
	for n := min(longestMatch, len(s.tokens)); n > 0; n-- {
		if at := lastMatch(s.Words, s.tokens[len(s.tokens)-n:]); at >= 0 {
			s.guessed = s.possible(s.Words[at:min(at+room, len(s.Words))])
			return
		}
	}
}

// lastMatch is the place behind the last occurrence of tokens that something follows; -1 for none.
func lastMatch(words, tokens []int32) int {
	for end := len(words) - 1; end >= len(tokens); end-- {
		if slices.Equal(words[end-len(tokens):end], tokens) {
			return end
		}
	}
	return -1
}

// possible is the beginning of guesses that neither the grammar nor a stop token forbids.
func (s *sequence) possible(guesses []int32) []int32 {
	state := s.state
	for i, token := range guesses {
		if slices.Contains(s.StopTokens, token) {
			return guesses[:i]
		}
		if state == nil {
			continue
		}
		raw := s.Grammar.Masks.Vocabulary.Bytes(token)
		if len(raw) == 0 {
			return guesses[:i]
		}
		if state = state.Advance(raw); state == nil || state.Final() {
			return guesses[:i]
		}
	}
	return guesses
}

// learn makes guesses longer while they come true, and shorter when they do not.
func (s *sequence) learn(guessed, right int) {
	switch {
	case guessed == 0:
	case right == guessed:
		s.courage = min(2*s.courage, s.Guess)
	case right == 0:
		s.courage = max(s.courage/2, 1)
	}
}
