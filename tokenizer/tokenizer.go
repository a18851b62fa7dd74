package tokenizer

// Tokenizer is a loaded tokenizer.json. It does not change, and any number of goroutines may use it.
type Tokenizer struct {
	*shared
	truncation *Truncation
	padding    *Padding
}

// shared is what copies of a Tokenizer with other limits have in common.
type shared struct {
	added         addedTokens
	normalizer    normalizer
	preTokenizer  preTokenizer
	model         model
	postProcessor postProcessor
	decoder       decoder
	before        []int32 // special ids around a single text, when that is all that the post-processor does
	behind        []int32
	simple        bool
	mustTrack     bool // the ids depend on where the text came from
	resting       chan *worker
}

// Truncation is what the tokenizer shortens encodings to, nil for nothing: at first what the file says. (A file that a
// training run has left behind may say something.)
func (t *Tokenizer) Truncation() *Truncation { return t.truncation }

// Padding is what the tokenizer fills encodings up to, nil for nothing: at first what the file says.
func (t *Tokenizer) Padding() *Padding { return t.padding }

// WithTruncation returns a tokenizer that shortens its encodings as given, nil for not at all. Vocabulary and caches are
// shared with t.
func (t *Tokenizer) WithTruncation(limit *Truncation) (*Tokenizer, error) {
	if err := limit.validate(); err != nil {
		return nil, err
	}
	other := *t
	other.truncation = nil
	if limit != nil {
		kept := *limit
		other.truncation = &kept
	}
	return &other, nil
}

// WithPadding returns a tokenizer that fills its encodings up as given, nil for not at all. Vocabulary and caches are
// shared with t.
func (t *Tokenizer) WithPadding(padding *Padding) (*Tokenizer, error) {
	if err := padding.validate(); err != nil {
		return nil, err
	}
	other := *t
	other.padding = nil
	if padding != nil {
		kept := *padding
		other.padding = &kept
	}
	return &other, nil
}

// TokenToID looks a token up, in its form in the vocabulary: "▁de", not " de". ok is false when there is none.
func (t *Tokenizer) TokenToID(token string) (id int32, ok bool) {
	if id, ok := t.added.byContent[token]; ok {
		return id, true
	}
	return t.model.id(token)
}

// IDToToken is the token of an id, in its form in the vocabulary. ok is false when there is none.
func (t *Tokenizer) IDToToken(id int32) (token string, ok bool) {
	if token, ok := t.added.text(id); ok {
		return token, true
	}
	return t.model.token(id)
}

// VocabSize is the number of tokens, added ones included. A model's embedding may have more rows, for padding.
func (t *Tokenizer) VocabSize() int {
	n := t.model.size()
	for content := range t.added.byContent {
		if _, ok := t.model.id(content); !ok {
			n++
		}
	}
	return n
}

// AddedTokens lists the tokens that are cut out of a text before the model sees it, special ones among them, by id.
func (t *Tokenizer) AddedTokens() []AddedToken { return t.added.list() }

// IsSpecial says whether Decode leaves an id out when special tokens are to be skipped.
func (t *Tokenizer) IsSpecial(id int32) bool {
	token, ok := t.IDToToken(id)
	return ok && t.added.special[token]
}
