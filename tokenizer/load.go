package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"unicode/utf8"
)

// Settings are the choices of loading. The zero value does what tokenizer.json says.
type Settings struct {
	// LikeTransformers5 reads a directory whose tokenizer_config.json names a Llama class as transformers 5 does: it
	// throws the normalizer, pre-tokenizer and decoder of tokenizer.json away and builds its own. See docs/tokenizer.md.
	LikeTransformers5 bool
	// Warn gets what a user should know once, such as that transformers 5 would give other ids. nil is slog.Warn.
	Warn func(message string)
}

// Load reads a model directory or a tokenizer.json. A directory without tokenizer.json may have a SentencePiece
// tokenizer.model (or sentencepiece.bpe.model, spiece.model), which is converted as transformers does.
func Load(dirOrFile string) (*Tokenizer, error) { return LoadWith(dirOrFile, Settings{}) }

// LoadWith is Load with settings.
func LoadWith(dirOrFile string, settings Settings) (*Tokenizer, error) {
	if settings.Warn == nil {
		settings.Warn = func(message string) { slog.Warn(message) }
	}
	info, err := os.Stat(dirOrFile)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	if !info.IsDir() {
		if filepath.Ext(dirOrFile) == ".model" {
			return loadSentencePiece(dirOrFile)
		}
		return loadJSON(dirOrFile, settings)
	}
	file := filepath.Join(dirOrFile, "tokenizer.json")
	if _, err := os.Stat(file); err == nil {
		return loadJSON(file, settings)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	for _, name := range sentencePieceNames {
		model := filepath.Join(dirOrFile, name)
		if _, err := os.Stat(model); err == nil {
			return loadSentencePiece(model)
		}
	}
	return nil, fmt.Errorf("tokenizer: %s has no tokenizer.json and none of %v: is it a model directory?", dirOrFile, sentencePieceNames)
}

func loadJSON(file string, settings Settings) (*Tokenizer, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	parts, err := readParts(data)
	if err == nil {
		err = parts.likeTransformers(filepath.Dir(file), settings)
	}
	var t *Tokenizer
	if err == nil {
		t, err = parts.build()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

// FromJSON reads the text of a tokenizer.json.
func FromJSON(data []byte) (*Tokenizer, error) {
	parts, err := readParts(data)
	if err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	t, err := parts.build()
	if err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	return t, nil
}

// parts are the values of a tokenizer.json.
type parts struct {
	truncation, padding, addedTokens, normalizer, preTokenizer, postProcessor, decoder, model json.RawMessage

	built model // instead of the text of one
}

// readParts finds the parts of a file, without reading the large ones.
func readParts(data []byte) (*parts, error) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if !utf8.Valid(data) {
		return nil, errors.New("is not UTF-8")
	}
	p := &parts{}
	places := map[string]*json.RawMessage{
		"truncation": &p.truncation, "padding": &p.padding, "added_tokens": &p.addedTokens, "normalizer": &p.normalizer,
		"pre_tokenizer": &p.preTokenizer, "post_processor": &p.postProcessor, "decoder": &p.decoder, "model": &p.model,
	}
	s := &jsonScanner{data: data}
	err := s.object(func(key string) error {
		value, err := s.skip()
		if err != nil {
			return err
		}
		if place := places[key]; place != nil {
			*place = value
		} else if key == "version" && string(value) != `"1.0"` {
			return fmt.Errorf("version %s is unknown; 1.0 is the only one there is", value)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if s.peek() != 0 {
		return nil, s.errorf("more text behind the end")
	}
	return p, nil
}

// build makes the tokenizer.
func (p *parts) build() (*Tokenizer, error) {
	t := &Tokenizer{shared: &shared{resting: make(chan *worker, runtime.GOMAXPROCS(0))}}
	if p.built == nil && (len(p.model) == 0 || string(p.model) == "null") {
		return nil, errors.New(`the key "model" is missing`)
	}
	var tokens []AddedToken
	for _, step := range []struct {
		name string
		read func() error
	}{
		{"truncation", func() (err error) { t.truncation, err = parseTruncation(p.truncation); return err }},
		{"padding", func() (err error) { t.padding, err = parsePadding(p.padding); return err }},
		{"normalizer", func() (err error) { t.normalizer, err = parseNormalizer(p.normalizer); return err }},
		{"pre_tokenizer", func() (err error) { t.preTokenizer, err = parsePreTokenizer(p.preTokenizer); return err }},
		{"post_processor", func() (err error) { t.postProcessor, err = parsePostProcessor(p.postProcessor); return err }},
		{"decoder", func() (err error) { t.decoder, err = parseDecoder(p.decoder); return err }},
		{"added_tokens", func() (err error) { tokens, err = parseAddedTokens(p.addedTokens); return err }},
		{"model", func() (err error) {
			if t.model = p.built; t.model == nil {
				t.model, err = readModel(p.model)
			}
			return err
		}},
	} {
		if err := step.read(); err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	normalize := func(content string) (string, error) {
		if t.normalizer == nil {
			return content, nil
		}
		one := piece{text: []byte(content), token: -1}
		err := t.normalizer.normalize(&worker{track: true}, &one)
		return string(one.text), err
	}
	if err := t.added.add(tokens, t.model, normalize); err != nil {
		return nil, err
	}
	t.simple = true
	if t.postProcessor != nil {
		t.before, t.behind, t.simple = t.postProcessor.around()
	}
	t.mustTrack = originMatters(t.normalizer, t.preTokenizer)
	t.lower()
	return t, nil
}

func parseAddedTokens(raw json.RawMessage) ([]AddedToken, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	tokens := make([]AddedToken, len(list))
	for i, part := range list {
		var file struct {
			ID         int32
			Content    string
			SingleWord bool `json:"single_word"`
			LStrip     bool
			RStrip     bool
			Normalized bool
			Special    bool
		}
		err := decodePart(part, &file, "id", "content", "single_word", "lstrip", "rstrip", "normalized", "special")
		if err != nil {
			return nil, fmt.Errorf("added_tokens[%d]: %w", i, err)
		}
		tokens[i] = AddedToken(file)
	}
	return tokens, nil
}
