package tokenizer

import (
	"encoding/json"
	"fmt"
)

// model turns a word into tokens.
type model interface {
	// appendIDs appends the ids of the tokens of text.
	appendIDs(w *worker, ids []int32, text []byte) ([]int32, error)
	// appendTokens appends the tokens of text with their places in it.
	appendTokens(w *worker, tokens []token, text []byte) ([]token, error)
	id(token string) (int32, bool)
	token(id int32) (string, bool)
	size() int
}

// token is one token and the bytes of the word that it covers.
type token struct {
	id         int32
	start, end int
	text       string // where it is not that of the id, as with Unigram's unknown; else empty
}

// readModel reads the "model" of a tokenizer.json.
func readModel(raw json.RawMessage) (model, error) {
	keys := map[string]json.RawMessage{}
	s := &jsonScanner{data: raw}
	err := s.object(func(key string) error {
		value, err := s.skip()
		keys[key] = value
		return err
	})
	if err != nil {
		return nil, err
	}
	kind := ""
	if value, ok := keys["type"]; ok {
		if err := json.Unmarshal(value, &kind); err != nil {
			return nil, fmt.Errorf("type: %w", err)
		}
	} else { // files of the first versions have none
		has := func(key string) bool { _, ok := keys[key]; return ok }
		switch {
		case has("vocab") && has("merges"):
			kind = "BPE"
		case has("vocab") && has("max_input_chars_per_word"):
			kind = "WordPiece"
		case has("vocab") && has("unk_token"):
			kind = "WordLevel"
		case has("vocab"):
			kind = "Unigram"
		default:
			return nil, fmt.Errorf(`the key "vocab" is missing`)
		}
	}
	require := func(names ...string) error {
		for _, name := range names {
			if _, ok := keys[name]; !ok {
				return fmt.Errorf("the key %q is missing", name)
			}
		}
		return nil
	}
	switch kind {
	case "BPE":
		if err := require("vocab", "merges"); err != nil {
			return nil, err
		}
		return readBPE(keys)
	case "Unigram":
		if err := require("vocab"); err != nil {
			return nil, err
		}
		return readUnigram(keys)
	case "WordPiece":
		if err := require("vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word"); err != nil {
			return nil, err
		}
		return readWordPiece(keys)
	case "WordLevel":
		if err := require("vocab", "unk_token"); err != nil {
			return nil, err
		}
		return readWordLevel(keys)
	}
	return nil, fmt.Errorf("unknown model type %q", kind)
}

// option reads a key that may be null or absent.
func option[T any](keys map[string]json.RawMessage, name string, into *T) error {
	raw, ok := keys[name]
	if !ok || string(raw) == "null" {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
