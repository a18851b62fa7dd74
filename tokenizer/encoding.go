package tokenizer

import "slices"

// Encoding is a text as tokens. All slices have one element for each token.
type Encoding struct {
	IDs     []int32
	TypeIDs []int32 // 0, and 1 for the second text of a pair where the post-processor says so
	// Tokens holds the text of each token as the vocabulary has it; for an added token the text that it matched, and for
	// an unknown stretch of a Unigram model the stretch itself.
	Tokens []string
	// Offsets are ranges of characters (code points) of the text, ByteOffsets of its bytes. Tokens that the
	// post-processor or the padding put in have 0, 0.
	Offsets, ByteOffsets [][2]int
	Words                []int32 // number of the word that the token is part of, -1 for tokens that were put in
	SpecialTokensMask    []int32 // 1 for tokens that the post-processor or the padding put in
	AttentionMask        []int32 // 0 for padding
	// Overflowing holds what truncation cut off, in windows of the same length that overlap by the stride.
	Overflowing []Encoding
}

// Len is the number of tokens.
func (e *Encoding) Len() int { return len(e.IDs) }

// slice is the tokens from a to b, without the overflow.
func (e *Encoding) slice(a, b int) Encoding {
	return Encoding{
		IDs: slices.Clone(e.IDs[a:b]), TypeIDs: slices.Clone(e.TypeIDs[a:b]), Tokens: slices.Clone(e.Tokens[a:b]),
		Offsets: slices.Clone(e.Offsets[a:b]), ByteOffsets: slices.Clone(e.ByteOffsets[a:b]), Words: slices.Clone(e.Words[a:b]),
		SpecialTokensMask: slices.Clone(e.SpecialTokensMask[a:b]), AttentionMask: slices.Clone(e.AttentionMask[a:b]),
	}
}

// append adds the tokens of f behind those of e. Where both overflow, every combination is made.
func (e *Encoding) append(f *Encoding) {
	var overflowing []Encoding
	combine := func(a, b *Encoding) {
		whole := a.slice(0, a.Len())
		rest := b.slice(0, b.Len())
		whole.append(&rest)
		overflowing = append(overflowing, whole)
	}
	for i := range e.Overflowing {
		combine(&e.Overflowing[i], f)
		for j := range f.Overflowing {
			combine(&e.Overflowing[i], &f.Overflowing[j])
		}
	}
	for j := range f.Overflowing {
		combine(e, &f.Overflowing[j])
	}
	e.IDs = append(e.IDs, f.IDs...)
	e.TypeIDs = append(e.TypeIDs, f.TypeIDs...)
	e.Tokens = append(e.Tokens, f.Tokens...)
	e.Offsets = append(e.Offsets, f.Offsets...)
	e.ByteOffsets = append(e.ByteOffsets, f.ByteOffsets...)
	e.Words = append(e.Words, f.Words...)
	e.SpecialTokensMask = append(e.SpecialTokensMask, f.SpecialTokensMask...)
	e.AttentionMask = append(e.AttentionMask, f.AttentionMask...)
	e.Overflowing = overflowing
}

// joined is several encodings in a row.
func joined(parts []Encoding) Encoding {
	n := 0
	for i := range parts {
		n += parts[i].Len()
	}
	whole := Encoding{
		IDs: make([]int32, 0, n), TypeIDs: make([]int32, 0, n), Tokens: make([]string, 0, n),
		Offsets: make([][2]int, 0, n), ByteOffsets: make([][2]int, 0, n), Words: make([]int32, 0, n),
		SpecialTokensMask: make([]int32, 0, n), AttentionMask: make([]int32, 0, n),
	}
	for i := range parts {
		whole.append(&parts[i])
	}
	return whole
}

// inserted is n tokens that do not come from the text.
func inserted(ids []int32, tokens []string, typeID, attention int32) Encoding {
	n := len(ids)
	return Encoding{
		IDs: slices.Clone(ids), TypeIDs: slices.Repeat([]int32{typeID}, n), Tokens: slices.Clone(tokens),
		Offsets: make([][2]int, n), ByteOffsets: make([][2]int, n), Words: slices.Repeat([]int32{-1}, n),
		SpecialTokensMask: slices.Repeat([]int32{1}, n), AttentionMask: slices.Repeat([]int32{attention}, n),
	}
}

// setType gives all tokens, but none of the overflow, one type.
func (e *Encoding) setType(id int32) {
	for i := range e.TypeIDs {
		e.TypeIDs[i] = id
	}
}
