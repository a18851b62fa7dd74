package tokenizer

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// EncodeOptions are the choices for one call. The zero value is the usual one.
type EncodeOptions struct {
	// WithoutSpecialTokens leaves out what the post-processor puts around a text (BOS, [CLS], [SEP]). Special tokens that
	// stand in the text are found all the same.
	WithoutSpecialTokens bool
}

// AppendIDs appends the ids of text to ids and returns the longer slice: the fast way to encode, which keeps no offsets
// and allocates nothing once its buffers have grown. The ids are those of [Tokenizer.Encode], truncation and padding
// included. On an error ids comes back as it was.
func (t *Tokenizer) AppendIDs(ids []int32, text string, opts EncodeOptions) ([]int32, error) {
	if t.truncation != nil || t.padding != nil || !t.simple && t.postProcessor != nil {
		e, err := t.Encode(text, opts)
		if err != nil {
			return ids, err
		}
		return append(ids, e.IDs...), nil
	}
	w := t.borrow(t.mustTrack)
	defer t.giveBack(w)
	out := ids
	if !opts.WithoutSpecialTokens {
		out = append(out, t.before...)
	}
	pieces, err := t.pieces(w, text)
	if err != nil {
		return ids, err
	}
	for i := range pieces {
		p := &pieces[i]
		if p.token >= 0 {
			out = append(out, p.token)
			continue
		}
		if out, err = t.model.appendIDs(w, out, p.text); err != nil {
			return ids, err
		}
	}
	if !opts.WithoutSpecialTokens {
		out = append(out, t.behind...)
	}
	return out, nil
}

// EncodeIDs is AppendIDs into a new slice.
func (t *Tokenizer) EncodeIDs(text string, opts EncodeOptions) ([]int32, error) {
	return t.AppendIDs(make([]int32, 0, len(text)/3+4), text, opts)
}

// Encode turns a text into tokens.
func (t *Tokenizer) Encode(text string, opts EncodeOptions) (Encoding, error) {
	first, err := t.encodeText(text, 0)
	if err != nil {
		return Encoding{}, err
	}
	return t.finish(first, nil, opts)
}

// EncodePair turns two texts into one encoding, as the post-processor joins them (for a BERT: [CLS] first [SEP] second
// [SEP]).
func (t *Tokenizer) EncodePair(first, second string, opts EncodeOptions) (Encoding, error) {
	a, err := t.encodeText(first, 0)
	if err != nil {
		return Encoding{}, err
	}
	b, err := t.encodeText(second, 1)
	if err != nil {
		return Encoding{}, err
	}
	return t.finish(a, &b, opts)
}

// EncodeBatch encodes many texts on all processors. The encodings are those of Encode, filled up to one length when the
// tokenizer pads.
func (t *Tokenizer) EncodeBatch(texts []string, opts EncodeOptions) ([]Encoding, error) {
	batch := make([]Encoding, len(texts))
	err := inParallel(len(texts), func(i int) (err error) {
		batch[i], err = t.Encode(texts[i], opts)
		return err
	})
	if err != nil {
		return nil, err
	}
	if t.padding != nil {
		t.padding.padAll(batch)
	}
	return batch, nil
}

// EncodeBatchIDs is EncodeBatch with the ids alone.
func (t *Tokenizer) EncodeBatchIDs(texts []string, opts EncodeOptions) ([][]int32, error) {
	ids := make([][]int32, len(texts))
	if t.padding != nil {
		batch, err := t.EncodeBatch(texts, opts)
		if err != nil {
			return nil, err
		}
		for i := range batch {
			ids[i] = batch[i].IDs
		}
		return ids, nil
	}
	err := inParallel(len(texts), func(i int) (err error) {
		ids[i], err = t.EncodeIDs(texts[i], opts)
		return err
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// inParallel calls each for 0 to n-1 on all processors and returns the error of the lowest number that has one.
func inParallel(n int, each func(int) error) error {
	const stride = 16 // numbers that one goroutine takes at a time
	workers := min(runtime.GOMAXPROCS(0), (n+stride-1)/stride)
	errs := make([]error, n)
	run := func(from int) (ok bool) {
		for i := from; i < min(from+stride, n); i++ {
			if errs[i] = each(i); errs[i] != nil {
				return false
			}
		}
		return true
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for {
				from := int(next.Add(stride)) - stride
				if from >= n || !run(from) {
					return
				}
			}
		})
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("text %d: %w", i, err)
		}
	}
	return nil
}

// pieces runs a text through everything before the model. The pieces are valid until w is given back.
func (t *Tokenizer) pieces(w *worker, text string) ([]piece, error) {
	raw := piece{text: w.original(text), token: -1}
	cut := t.added.extract(&t.added.raw, raw, w.pieces[0][:0])
	w.pieces[0] = cut
	if t.normalizer == nil && t.added.cooked.empty() && t.preTokenizer == nil {
		return cut, nil
	}
	out := w.pieces[1][:0]
	for i := range cut {
		p := &cut[i]
		if p.token >= 0 {
			out = append(out, *p)
			continue
		}
		if t.normalizer != nil {
			if err := t.normalizer.normalize(w, p); err != nil {
				return nil, err
			}
		}
		var err error
		if t.added.cooked.empty() {
			*p = p.cut(0, len(p.text))
			if out, err = t.words(w, p, out); err != nil {
				return nil, err
			}
			continue
		}
		for _, part := range t.added.extract(&t.added.cooked, *p, nil) {
			if out, err = t.words(w, &part, out); err != nil {
				return nil, err
			}
		}
	}
	w.pieces[1] = out
	return out, nil
}

// words cuts a piece into words.
func (t *Tokenizer) words(w *worker, p *piece, out []piece) ([]piece, error) {
	switch {
	case len(p.text) == 0:
		return out, nil
	case p.token >= 0 || t.preTokenizer == nil:
		return append(out, *p), nil
	}
	return t.preTokenizer.split(w, p, out)
}

// original copies a text into the worker and repairs it: each maximal part that is no UTF-8 becomes one U+FFFD, as
// Unicode and Python have it.
func (w *worker) original(text string) []byte {
	if utf8.ValidString(text) {
		if cap(w.slab)-len(w.slab) < len(text) {
			w.slab = make([]byte, 0, max(3*len(text), 1<<12))
		}
		at := len(w.slab)
		w.slab = append(w.slab, text...)
		return w.slab[at:len(w.slab):len(w.slab)]
	}
	return w.keep(repaired(nil, []byte(text)))
}

// repaired appends text with U+FFFD for what is not valid.
func repaired(out, text []byte) []byte {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r != utf8.RuneError || size > 1 {
			out = append(out, text[i:i+size]...)
			i += size
			continue
		}
		out = append(out, "\uFFFD"...)
		i += invalidPrefix(text[i:])
	}
	return out
}

// invalidPrefix is the length of the longest beginning of text that begins a character, at least 1; text begins with no
// whole character.
func invalidPrefix(text []byte) int {
	need, low, high := 0, byte(0x80), byte(0xBF)
	switch b := text[0]; {
	case 0xC2 <= b && b <= 0xDF:
		need = 1
	case 0xE0 <= b && b <= 0xEF:
		need = 2
		if b == 0xE0 {
			low = 0xA0
		} else if b == 0xED {
			high = 0x9F
		}
	case 0xF0 <= b && b <= 0xF4:
		need = 3
		if b == 0xF0 {
			low = 0x90
		} else if b == 0xF4 {
			high = 0x8F
		}
	}
	n := 1
	for n <= need && n < len(text) && low <= text[n] && text[n] <= high {
		low, high = 0x80, 0xBF
		n++
	}
	return n
}

// encodeText makes the encoding of one text, without special tokens and limits.
func (t *Tokenizer) encodeText(text string, typeID int32) (Encoding, error) {
	w := t.borrow(true)
	defer t.giveBack(w)
	pieces, err := t.pieces(w, text)
	if err != nil {
		return Encoding{}, err
	}
	var e Encoding
	estimate := len(text)/3 + 8
	e.IDs, e.Tokens, e.ByteOffsets = make([]int32, 0, estimate), make([]string, 0, estimate), make([][2]int, 0, estimate)
	e.Words = make([]int32, 0, estimate)
	enter := func(p *piece, tokens []token, word int) {
		for _, tok := range tokens {
			name := tok.text
			if name == "" {
				name, _ = t.model.token(tok.id)
			}
			place := p.original(tok.start, tok.end)
			e.IDs = append(e.IDs, tok.id)
			e.Tokens = append(e.Tokens, name)
			e.ByteOffsets = append(e.ByteOffsets, [2]int{int(place.from), int(place.to)})
			e.Words = append(e.Words, int32(word))
		}
	}
	for i := range pieces {
		p := &pieces[i]
		if p.token >= 0 {
			enter(p, []token{{id: p.token, end: len(p.text), text: string(p.text)}}, i)
			continue
		}
		tokens, err := t.model.appendTokens(w, w.tokens[:0], p.text)
		w.tokens = tokens
		if err != nil {
			return Encoding{}, err
		}
		enter(p, tokens, i)
	}
	n := len(e.IDs)
	e.TypeIDs, e.SpecialTokensMask, e.AttentionMask = make([]int32, n), make([]int32, n), make([]int32, n)
	for i := range n {
		e.TypeIDs[i], e.AttentionMask[i] = typeID, 1
	}
	e.Offsets = w.inCharacters(text, e.ByteOffsets)
	return e, nil
}

// inCharacters converts ranges of bytes into ranges of characters, by the rules of upstream for a range that ends inside
// a character or at the end of the text.
func (w *worker) inCharacters(text string, ranges [][2]int) [][2]int {
	if !utf8.ValidString(text) {
		text = string(repaired(nil, []byte(text)))
	}
	var number []int32 // of the character that each byte belongs to; nil when that is the number of the byte
	if !isASCII(text) {
		number = make([]int32, len(text))
		count := int32(-1)
		for i := range len(text) {
			if utf8.RuneStart(text[i]) {
				count++
			}
			number[i] = count
		}
	}
	character := func(at int) int {
		if number == nil {
			return at
		}
		return int(number[at])
	}
	out := make([][2]int, len(ranges))
	for i, r := range ranges {
		switch from, to := r[0], r[1]; {
		case from < 0 || from >= len(text) || to < 0:
			out[i] = r
		case to < len(text):
			out[i] = [2]int{character(from), character(to)}
		case to == len(text):
			out[i] = [2]int{character(from), character(to-1) + 1}
		default:
			out[i] = [2]int{character(from), character(from) + 2}
		}
	}
	return out
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// finish truncates, adds the special tokens and pads.
func (t *Tokenizer) finish(first Encoding, second *Encoding, opts EncodeOptions) (Encoding, error) {
	if t.truncation != nil {
		length := t.truncation.MaxLength
		if t.postProcessor != nil && !opts.WithoutSpecialTokens {
			if length -= t.postProcessor.added(second != nil); length < 0 {
				return Encoding{}, fmt.Errorf("truncation to %d tokens leaves no room for the special tokens", t.truncation.MaxLength)
			}
		}
		if err := t.truncation.truncatePair(length, &first, second); err != nil {
			return Encoding{}, err
		}
	}
	texts := []Encoding{first}
	if second != nil {
		texts = append(texts, *second)
	}
	if t.postProcessor != nil {
		for i := range texts {
			texts[i].setType(int32(i))
		}
		var err error
		if texts, err = t.postProcessor.process(texts, !opts.WithoutSpecialTokens); err != nil {
			return Encoding{}, err
		}
	}
	result := texts[0]
	if len(texts) > 1 {
		result = Encoding{}
		for i := range texts {
			result.append(&texts[i])
		}
	}
	if t.padding != nil {
		one := []Encoding{result}
		t.padding.padAll(one)
		result = one[0]
	}
	return result, nil
}
