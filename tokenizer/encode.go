package tokenizer

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
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
		result = joined(texts)
	}
	if t.padding != nil {
		one := []Encoding{result}
		t.padding.padAll(one)
		result = one[0]
	}
	return result, nil
}
