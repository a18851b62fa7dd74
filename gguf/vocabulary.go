package gguf

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The kinds of tokens, as numbered in a file.
const (
	kindNormal  = 1
	kindUnknown = 2
	kindControl = 3
	kindUser    = 4
	kindUnused  = 5
	kindByte    = 6
)

// vocabulary is the tokens by id. llama.cpp joins the pair of pieces whose join has the highest score.
type vocabulary struct {
	tokens []string
	scores []float32
	kinds  []int32
}

// tokenizerFile has the keys of tokenizer.json that matter here.
type tokenizerFile struct {
	Added []struct {
		ID      int    `json:"id"`
		Content string `json:"content"`
		Special bool   `json:"special"`
	} `json:"added_tokens"`
	Model struct {
		Type         string            `json:"type"`
		Unknown      string            `json:"unk_token"`
		ByteFallback bool              `json:"byte_fallback"`
		Vocab        map[string]int    `json:"vocab"`
		Merges       []json.RawMessage `json:"merges"`
	} `json:"model"`
	Normalizer json.RawMessage `json:"normalizer"`
}

// readVocabulary reads tokenizer.model, for its scores, or else tokenizer.json, whose scores are the ranks of the merges.
// What tokenizer.json has added counts in both cases. Up to size, the rest is unused.
func readVocabulary(dir string, size int) (*vocabulary, error) {
	v := &vocabulary{}
	for i := range size {
		v.tokens = append(v.tokens, fmt.Sprintf("[PAD%d]", i))
		v.scores = append(v.scores, 0)
		v.kinds = append(v.kinds, kindUnused)
	}
	pieces, err := os.ReadFile(filepath.Join(dir, "tokenizer.model"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	text, errJSON := os.ReadFile(filepath.Join(dir, "tokenizer.json"))
	if errJSON != nil && !errors.Is(errJSON, fs.ErrNotExist) {
		return nil, fmt.Errorf("gguf: %w", errJSON)
	}
	if pieces == nil && text == nil {
		return nil, errNoTokenizer
	}
	var file tokenizerFile
	if text != nil {
		if err := json.Unmarshal(text, &file); err != nil {
			return nil, fmt.Errorf("gguf: %s: %w", filepath.Join(dir, "tokenizer.json"), err)
		}
	}
	if pieces != nil {
		err = v.addPieces(pieces)
	} else {
		err = v.addMerged(&file)
	}
	if err != nil {
		return nil, fmt.Errorf("gguf: %s: %w", dir, err)
	}
	for _, a := range file.Added {
		kind := int32(kindUser)
		switch {
		case a.Content == file.Model.Unknown || a.Content == "<unk>":
			kind = kindUnknown
		case a.Special:
			kind = kindControl
		}
		if err := v.set(a.ID, a.Content, v.scoreOf(a.ID), kind); err != nil {
			return nil, fmt.Errorf("gguf: %s: %w", dir, err)
		}
	}
	return v, nil
}

func (v *vocabulary) scoreOf(id int) float32 {
	if id < 0 || id >= len(v.scores) {
		return 0
	}
	return v.scores[id]
}

func (v *vocabulary) set(id int, token string, score float32, kind int32) error {
	if id < 0 || id >= len(v.tokens) {
		return fmt.Errorf("token %q has id %d, the model has %d words: the tokenizer is not this model's", token, id, len(v.tokens))
	}
	v.tokens[id], v.scores[id], v.kinds[id] = token, score, kind
	return nil
}

// addMerged takes the tokens of a SentencePiece BPE that was converted to tokenizer.json.
func (v *vocabulary) addMerged(file *tokenizerFile) error {
	if file.Model.Type != "BPE" || !file.Model.ByteFallback {
		return fmt.Errorf("the tokenizer is no SentencePiece BPE (%s, byte_fallback %v): only those are exported", file.Model.Type, file.Model.ByteFallback)
	}
	ranks := make(map[string]int, len(file.Model.Merges))
	for rank, raw := range file.Model.Merges {
		var pair []string
		if json.Unmarshal(raw, &pair) != nil {
			var text string
			if err := json.Unmarshal(raw, &text); err != nil {
				return fmt.Errorf("merge %d is neither a pair nor a text", rank)
			}
			pair = strings.SplitN(text, " ", 2)
		}
		joined := strings.Join(pair, "")
		if _, seen := ranks[joined]; !seen {
			ranks[joined] = rank
		}
	}
	for token, id := range file.Model.Vocab {
		rank, ok := ranks[token]
		if !ok {
			rank = len(ranks) // no merge makes it
		}
		kind := int32(kindNormal)
		if isByte(token) {
			kind = kindByte
		} else if token == file.Model.Unknown {
			kind = kindUnknown
		}
		if err := v.set(id, token, -float32(rank), kind); err != nil {
			return err
		}
	}
	return nil
}

func isByte(token string) bool {
	return len(token) == 6 && strings.HasPrefix(token, "<0x") && token[5] == '>' && strings.Trim(token[3:5], "0123456789ABCDEF") == ""
}

// tokenizerConfig has the keys of tokenizer_config.json that matter here. Tokens are texts, or objects with a content.
type tokenizerConfig struct {
	PrefixSpace *bool           `json:"add_prefix_space"`
	AddBOS      *bool           `json:"add_bos_token"`
	AddEOS      bool            `json:"add_eos_token"`
	Unknown     json.RawMessage `json:"unk_token"`
	PAD         json.RawMessage `json:"pad_token"`
	EOS         json.RawMessage `json:"eos_token"`
	BOS         json.RawMessage `json:"bos_token"`
	Template    json.RawMessage `json:"chat_template"`
}

// vocabularyEntries are the keys that tell of the tokenizer.
func vocabularyEntries(dir string, c *modelConfig) ([]entry, error) {
	v, err := readVocabulary(dir, int(c.VocabSize))
	if err != nil {
		return nil, err
	}
	var config tokenizerConfig
	if text, err := os.ReadFile(filepath.Join(dir, "tokenizer_config.json")); err == nil {
		if err := json.Unmarshal(text, &config); err != nil {
			return nil, fmt.Errorf("gguf: %s: %w", filepath.Join(dir, "tokenizer_config.json"), err)
		}
	}
	entries := []entry{
		{"tokenizer.ggml.model", "llama"}, {"tokenizer.ggml.pre", "default"},
		{"tokenizer.ggml.tokens", v.tokens}, {"tokenizer.ggml.scores", v.scores}, {"tokenizer.ggml.token_type", v.kinds},
	}
	id := func(key string, raw json.RawMessage, fallback *uint32) {
		if at := slices.Index(v.tokens, contentOf(raw)); at >= 0 {
			entries = append(entries, entry{key, uint32(at)})
		} else if fallback != nil && *fallback < c.VocabSize {
			entries = append(entries, entry{key, *fallback})
		}
	}
	id("tokenizer.ggml.bos_token_id", config.BOS, c.BOS)
	id("tokenizer.ggml.eos_token_id", config.EOS, c.firstEOS())
	id("tokenizer.ggml.unknown_token_id", config.Unknown, nil)
	id("tokenizer.ggml.padding_token_id", config.PAD, c.PAD)
	id("tokenizer.ggml.eot_token_id", json.RawMessage(`"<|im_end|>"`), nil)
	addBOS := config.AddBOS == nil || *config.AddBOS
	prefixSpace := config.PrefixSpace == nil || *config.PrefixSpace
	entries = append(entries, entry{"tokenizer.ggml.add_bos_token", addBOS}, entry{"tokenizer.ggml.add_eos_token", config.AddEOS},
		entry{"tokenizer.ggml.add_space_prefix", prefixSpace})
	template, err := os.ReadFile(filepath.Join(dir, "chat_template.jinja"))
	if errors.Is(err, fs.ErrNotExist) {
		var text string
		if json.Unmarshal(config.Template, &text) == nil {
			template = []byte(text)
		}
	} else if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	if len(template) > 0 {
		entries = append(entries, entry{"tokenizer.chat_template", string(template)})
	}
	return entries, nil
}

// contentOf is a token of tokenizer_config.json.
func contentOf(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var object struct{ Content string }
	_ = json.Unmarshal(raw, &object)
	return object.Content
}

func (c *modelConfig) firstEOS() *uint32 {
	v := c.EOS
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	if f, ok := v.(float64); ok && f >= 0 {
		id := uint32(f)
		return &id
	}
	return nil
}
