package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// letterDecoder is ByteLevel's way back: the letters of all tokens become bytes, and these one text.
type letterDecoder struct{}

func (letterDecoder) fuses() bool                    { return true }
func (letterDecoder) divisible() bool                { return false }
func (letterDecoder) stage(next stage, _ bool) stage { return &letterRun{next: next} }

type letterRun struct {
	next  stage
	bytes []byte // that may still become a character with what follows
}

func (s *letterRun) push(token string) {
	before := len(s.bytes)
	for _, r := range token {
		b, ok := letterByte[r]
		if !ok { // a token with another character in it stands for itself
			s.bytes = append(s.bytes[:before], token...)
			break
		}
		s.bytes = append(s.bytes, b)
	}
	whole := 0
	for whole < len(s.bytes) && utf8.FullRune(s.bytes[whole:]) {
		r, size := utf8.DecodeRune(s.bytes[whole:])
		if r == utf8.RuneError && size == 1 {
			size = invalidPrefix(s.bytes[whole:])
		}
		whole += size
	}
	if whole > 0 {
		text := s.bytes[:whole]
		if !utf8.Valid(text) {
			text = repaired(nil, text)
		}
		s.next.push(string(text))
		s.bytes = append(s.bytes[:0], s.bytes[whole:]...)
	}
}

func (s *letterRun) flush() {
	if len(s.bytes) > 0 {
		s.next.push(string(repaired(nil, s.bytes)))
		s.bytes = s.bytes[:0]
	}
	s.next.flush()
}

// suffixDecoder turns the mark at the end of words into a space, and drops it from the last token.
type suffixDecoder string

func (suffixDecoder) fuses() bool     { return false }
func (suffixDecoder) divisible() bool { return false }

func (d suffixDecoder) stage(next stage, _ bool) stage {
	return &suffixStage{next: next, suffix: string(d)}
}

type suffixStage struct {
	next   stage
	suffix string
	held   string
	holds  bool
}

func (s *suffixStage) push(token string) {
	if s.holds {
		s.next.push(strings.ReplaceAll(s.held, s.suffix, " "))
	}
	s.held, s.holds = token, true
}

func (s *suffixStage) flush() {
	if s.holds {
		s.next.push(strings.ReplaceAll(s.held, s.suffix, ""))
	}
	s.holds = false
	s.next.flush()
}

// ctcDecoder reads the output of connectionist temporal classification: repeated tokens count once.
type ctcDecoder struct {
	Pad       string `json:"pad_token"`
	Delimiter string `json:"word_delimiter_token"`
	Cleanup   bool
}

func (ctcDecoder) fuses() bool                      { return false }
func (ctcDecoder) divisible() bool                  { return false }
func (d ctcDecoder) stage(next stage, _ bool) stage { return &ctcStage{next: next, ctc: d} }

type ctcStage struct {
	next  stage
	ctc   ctcDecoder
	last  string
	begun bool
}

func (s *ctcStage) push(token string) {
	if s.begun && token == s.last {
		return
	}
	s.last, s.begun = token, true
	token = strings.ReplaceAll(token, s.ctc.Pad, "")
	if s.ctc.Cleanup {
		token = strings.ReplaceAll(cleanUp(token), s.ctc.Delimiter, " ")
	}
	if token != "" {
		s.next.push(token)
	}
}

func (s *ctcStage) flush() { s.next.flush() }

// stripDecoder takes up to start and stop characters, if they are content, from the ends of each token.
type stripDecoder struct {
	content     rune
	start, stop int
}

func (stripDecoder) fuses() bool     { return false }
func (stripDecoder) divisible() bool { return true }

func (d stripDecoder) stage(next stage, fused bool) stage {
	s := &stripStage{next: next, strip: d, start: d.start}
	if fused {
		return s
	}
	return &eachToken{next: next, f: func(token string, _ int) string {
		var out strings.Builder
		alone := &stripStage{next: (*sink)(&out), strip: d, start: d.start}
		alone.push(token)
		alone.flush()
		return out.String()
	}}
}

// stripStage takes one token in parts: it drops what is to go at the start, and holds back what may be the end.
type stripStage struct {
	next  stage
	strip stripDecoder
	start int // characters that may still go
	held  int // characters of content at the end so far, up to stop
}

func (s *stripStage) push(token string) {
	for s.start > 0 && token != "" {
		r, size := utf8.DecodeRuneInString(token)
		if r != s.strip.content {
			s.start = 0
			break
		}
		token = token[size:]
		s.start--
	}
	if token == "" {
		return
	}
	if s.strip.stop == 0 {
		s.next.push(token)
		return
	}
	content := string(s.strip.content)
	token = strings.Repeat(content, s.held) + token
	s.held = 0
	for s.held < s.strip.stop && strings.HasSuffix(token, content) {
		token = token[:len(token)-len(content)]
		s.held++
	}
	if token != "" {
		s.next.push(token)
	}
}

func (s *stripStage) flush() {
	s.start, s.held = s.strip.start, 0
	s.next.flush()
}

// sink is the end of the stages.
type sink strings.Builder

func (s *sink) push(token string) { (*strings.Builder)(s).WriteString(token) }
func (s *sink) flush()            {}

// spacer joins tokens with spaces, for a tokenizer without decoder.
type spacer struct {
	next  stage
	begun bool
}

func (s *spacer) push(token string) {
	if s.begun {
		s.next.push(" ")
	}
	s.begun = true
	s.next.push(token)
}

func (s *spacer) flush() { s.next.flush() }
