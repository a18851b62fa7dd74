package tokenizer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// decoder makes a stage of decoding. Stages take tokens one by one and pass their text on as soon as no later token can
// change it, so decoding a stream gives what decoding the whole gives.
type decoder interface {
	// stage returns the stage that passes its text to next. When fused is set, the tokens that come are the parts of one.
	stage(next stage, fused bool) stage
	// fuses says whether the decoder turns all tokens into one.
	fuses() bool
	// divisible says whether the decoder can take one token in parts.
	divisible() bool
}

type stage interface {
	push(token string)
	flush()
}

// parseDecoder reads the "decoder" of a tokenizer.json; null is nil.
func parseDecoder(raw json.RawMessage) (decoder, error) {
	kind, err := typeOf(raw)
	if err != nil || kind == "" {
		return nil, err
	}
	switch kind {
	case "Sequence":
		var file struct{ Decoders []json.RawMessage }
		if err := decodePart(raw, &file, "decoders"); err != nil {
			return nil, err
		}
		var list decoders
		for i, part := range file.Decoders {
			d, err := parseDecoder(part)
			if err != nil {
				return nil, fmt.Errorf("decoders[%d]: %w", i, err)
			}
			if d == nil {
				return nil, fmt.Errorf("decoders[%d] is null", i)
			}
			list = append(list, d)
		}
		return list, nil
	case "BPEDecoder":
		var file struct{ Suffix string }
		err := decodePart(raw, &file, "suffix")
		return suffixDecoder(file.Suffix), err
	case "ByteLevel":
		_, err := parseByteLevel(raw)
		return letterDecoder{}, err
	case "WordPiece":
		var d wordPieceDecoder
		return d, decodePart(raw, &d, "prefix", "cleanup")
	case "Metaspace":
		m, err := parseMetaspace(raw)
		if err != nil {
			return nil, err
		}
		return metaspaceDecoder{m.mark, m.scheme != "never"}, nil
	case "CTC":
		var d ctcDecoder
		return d, decodePart(raw, &d, "pad_token", "word_delimiter_token", "cleanup")
	case "Replace":
		r, err := parseReplace(raw)
		return (*replaceDecoder)(r), err
	case "Fuse":
		return fuse{}, nil
	case "ByteFallback":
		return byteFallback{}, nil
	case "Strip":
		var file struct {
			Content     character
			Start, Stop int
		}
		err := decodePart(raw, &file, "content", "start", "stop")
		if err == nil && (file.Start < 0 || file.Stop < 0) {
			err = fmt.Errorf("start is %d and stop %d; neither may be negative", file.Start, file.Stop)
		}
		return stripDecoder{rune(file.Content), file.Start, file.Stop}, err
	}
	return nil, fmt.Errorf("unknown decoder type %q", kind)
}

// decoders run one after the other.
type decoders []decoder

func (list decoders) fuses() bool {
	return slices.ContainsFunc(list, decoder.fuses)
}

func (list decoders) divisible() bool {
	return !slices.ContainsFunc(list, func(d decoder) bool { return !d.divisible() })
}

func (list decoders) stage(next stage, fused bool) stage {
	// Which decoders get the parts of one token follows from the left, the stages are linked from the right.
	parts := make([]bool, len(list)+1)
	parts[0] = fused
	for i, d := range list {
		parts[i+1] = d.fuses() || parts[i] && d.divisible()
	}
	for i, d := range slices.Backward(list) {
		whole := parts[i] && !d.divisible()
		next = d.stage(next, parts[i] && !whole)
		if whole {
			next = &gather{next: next}
		}
	}
	return next
}

// gather joins all tokens and passes them on at the end: for a decoder that must see its one token whole.
type gather struct {
	next stage
	text strings.Builder
}

func (g *gather) push(token string) { g.text.WriteString(token) }

func (g *gather) flush() {
	g.next.push(g.text.String())
	g.text.Reset()
	g.next.flush()
}

// eachToken is a stage that changes each token by itself; f gets the number of the token.
type eachToken struct {
	next   stage
	number int
	f      func(token string, number int) string
}

func (s *eachToken) push(token string) {
	s.next.push(s.f(token, s.number))
	s.number++
}

func (s *eachToken) flush() { s.next.flush() }

// fuse makes one token of all. What follows takes it in parts, see decoders.stage.
type fuse struct{}

func (fuse) fuses() bool                    { return true }
func (fuse) divisible() bool                { return true }
func (fuse) stage(next stage, _ bool) stage { return next }

// replaceDecoder is the normalizer Replace on each token.
type replaceDecoder replaceText

func (*replaceDecoder) fuses() bool     { return false }
func (*replaceDecoder) divisible() bool { return false }

func (d *replaceDecoder) stage(next stage, _ bool) stage {
	if old, ok := d.pattern.(literal); ok && old != "" {
		return &eachToken{next: next, f: func(token string, _ int) string { return strings.ReplaceAll(token, string(old), d.content) }}
	}
	return &eachToken{next: next, f: func(token string, _ int) string {
		if token == "" {
			return ""
		}
		events, err := d.pattern.events(nil, []byte(token))
		if err != nil {
			return token // upstream stops matching there
		}
		var out strings.Builder
		for _, e := range events {
			if e.match {
				out.WriteString(d.content)
			} else {
				out.WriteString(token[e.start:e.end])
			}
		}
		return out.String()
	}}
}

// byteFallback turns runs of byte tokens into the characters that they spell, or into one U+FFFD a byte when a run as a
// whole is not UTF-8. A run is therefore held until it ends.
type byteFallback struct{}

func (byteFallback) fuses() bool                    { return false }
func (byteFallback) divisible() bool                { return false }
func (byteFallback) stage(next stage, _ bool) stage { return &byteRun{next: next} }

type byteRun struct {
	next  stage
	bytes []byte
}

func (s *byteRun) push(token string) {
	if len(token) == 6 && strings.HasPrefix(token, "<0x") && token[5] == '>' {
		if b, err := strconv.ParseUint(strings.TrimPrefix(token[3:5], "+"), 16, 8); err == nil {
			s.bytes = append(s.bytes, byte(b))
			return
		}
	}
	s.end()
	s.next.push(token)
}

func (s *byteRun) end() {
	if utf8.Valid(s.bytes) {
		if len(s.bytes) > 0 {
			s.next.push(string(s.bytes))
		}
	} else {
		for range s.bytes {
			s.next.push("\uFFFD")
		}
	}
	s.bytes = s.bytes[:0]
}

func (s *byteRun) flush() {
	s.end()
	s.next.flush()
}

// metaspaceDecoder turns marks into spaces; in the first token they were put in, and go.
type metaspaceDecoder struct {
	mark string
	put  bool
}

func (metaspaceDecoder) fuses() bool     { return false }
func (metaspaceDecoder) divisible() bool { return false }

func (d metaspaceDecoder) stage(next stage, _ bool) stage {
	return &eachToken{next: next, f: func(token string, number int) string {
		if number == 0 && d.put {
			return strings.ReplaceAll(token, d.mark, "")
		}
		return strings.ReplaceAll(token, d.mark, " ")
	}}
}

// wordPieceDecoder puts spaces between words and takes them out before punctuation.
type wordPieceDecoder struct {
	Prefix  string
	Cleanup bool
}

func (wordPieceDecoder) fuses() bool     { return false }
func (wordPieceDecoder) divisible() bool { return false }

func (d wordPieceDecoder) stage(next stage, _ bool) stage {
	return &eachToken{next: next, f: func(token string, number int) string {
		if number > 0 {
			if rest, ok := strings.CutPrefix(token, d.Prefix); ok {
				token = rest
			} else {
				token = " " + token
			}
		}
		if d.Cleanup {
			token = cleanUp(token)
		}
		return token
	}}
}

// cleanUp undoes the spaces of English tokenisation, one rule after the other.
func cleanUp(text string) string {
	if strings.IndexByte(text, ' ') < 0 {
		return text
	}
	for _, rule := range [...][2]string{
		{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"}, {" 'm", "'m"}, {" do not", " don't"},
		{" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
	} {
		text = strings.ReplaceAll(text, rule[0], rule[1])
	}
	return text
}
