package tokenizer

import "strings"

// Decode turns ids into text. Ids without a token are passed over; with skipSpecial the special tokens are.
func (t *Tokenizer) Decode(ids []int32, skipSpecial bool) string {
	var text strings.Builder
	text.Grow(4 * len(ids))
	head := t.stages(&text)
	for _, id := range ids {
		if token, ok := t.decodable(id, skipSpecial); ok {
			head.push(token)
		}
	}
	head.flush()
	return text.String()
}

// DecodeBatch decodes many lists of ids on all processors.
func (t *Tokenizer) DecodeBatch(batch [][]int32, skipSpecial bool) []string {
	texts := make([]string, len(batch))
	_ = inParallel(len(batch), func(i int) error { // Decode has no errors
		texts[i] = t.Decode(batch[i], skipSpecial)
		return nil
	})
	return texts
}

func (t *Tokenizer) stages(text *strings.Builder) stage {
	if t.decoder == nil {
		return &spacer{next: (*sink)(text)}
	}
	return t.decoder.stage((*sink)(text), false)
}

// decodable is the text of an id for the decoder.
func (t *Tokenizer) decodable(id int32, skipSpecial bool) (string, bool) {
	token, ok := t.added.text(id)
	if !ok {
		if token, ok = t.model.token(id); !ok {
			return "", false
		}
	}
	return token, !skipSpecial || !t.added.special[token]
}

// Stream decodes ids as they come. The texts that Push and Flush return are, one behind the other, what Decode makes of
// all the ids; none ends inside a character. Text is held back only while a later id could change it: a character whose
// bytes are not all there, and with SentencePiece vocabularies a run of byte tokens, which counts as a whole.
type Stream struct {
	tokenizer   *Tokenizer
	skipSpecial bool
	text        strings.Builder
	head        stage
}

// Stream begins the decoding of one sequence of ids. A stream is for one goroutine.
func (t *Tokenizer) Stream(skipSpecial bool) *Stream {
	s := &Stream{tokenizer: t, skipSpecial: skipSpecial}
	s.head = t.stages(&s.text)
	return s
}

// Push takes the next id and returns the text that is certain now, often none.
func (s *Stream) Push(id int32) string {
	if token, ok := s.tokenizer.decodable(id, s.skipSpecial); ok {
		s.head.push(token)
	}
	return s.take()
}

// Flush ends the sequence and returns the rest of its text. The stream can then begin another.
func (s *Stream) Flush() string {
	s.head.flush()
	rest := s.take()
	s.head = s.tokenizer.stages(&s.text)
	return rest
}

func (s *Stream) take() string {
	text := s.text.String()
	s.text.Reset()
	return text
}
