package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// tokenizerConfig is what of tokenizer_config.json and config.json decides over ids.
type tokenizerConfig struct {
	Class          string `json:"tokenizer_class"`
	AddPrefixSpace *bool  `json:"add_prefix_space"`
	Legacy         *bool
	AddBOS         *bool `json:"add_bos_token"`
	AddEOS         *bool `json:"add_eos_token"`
	tokens         map[string]json.RawMessage
	modelType      string
}

// readTokenizerConfig reads the two files of a model directory; each may be missing.
func readTokenizerConfig(dir string) (*tokenizerConfig, error) {
	c := &tokenizerConfig{}
	read := func(name string, into ...any) error {
		file := filepath.Join(dir, name)
		data, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for _, each := range into {
			if err == nil {
				err = json.Unmarshal(data, each)
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		return nil
	}
	if err := read("tokenizer_config.json", c, &c.tokens); err != nil {
		return nil, err
	}
	var model struct {
		Type string `json:"model_type"`
	}
	err := read("config.json", &model)
	c.modelType = model.Type
	return c, err
}

// class is the tokenizer class that transformers picks: the one that is named, else the one of the model type.
func (c *tokenizerConfig) class() string {
	if c.Class != "" {
		return c.Class
	}
	return map[string]string{"llama": "LlamaTokenizer", "mistral": "LlamaTokenizer", "xlm-roberta": "XLMRobertaTokenizer"}[c.modelType]
}

func isLlama(class string) bool { return class == "LlamaTokenizer" || class == "LlamaTokenizerFast" }

// token is the text of a special token, which the file writes as a string or as an object.
func (c *tokenizerConfig) token(key, absent string) string {
	var text string
	if json.Unmarshal(c.tokens[key], &text) == nil && text != "" {
		return text
	}
	var added struct{ Content string }
	if json.Unmarshal(c.tokens[key], &added) == nil && added.Content != "" {
		return added.Content
	}
	return absent
}

// llamaStages are the pre-tokenizer and the decoder that transformers 5 gives a LlamaTokenizer.
func (c *tokenizerConfig) llamaStages() (preTokenizer, decoder json.RawMessage) {
	prefix := c.AddPrefixSpace == nil || *c.AddPrefixSpace
	scheme := "first"
	switch {
	case !prefix:
		scheme = "never"
	case c.Legacy != nil && *c.Legacy:
		scheme = "always"
	}
	steps := []any{object{"type": "Replace", "pattern": object{"String": mark}, "content": " "}, object{"type": "ByteFallback"}, object{"type": "Fuse"}}
	if prefix {
		steps = append(steps, object{"type": "Strip", "content": " ", "start": 1, "stop": 0})
	}
	preTokenizer = object{"type": "Metaspace", "replacement": mark, "prepend_scheme": scheme, "split": false}.json()
	return preTokenizer, object{"type": "Sequence", "decoders": steps}.json()
}

// aroundText is the post-processor that transformers 5 gives a tokenizer without one: BOS and EOS when they are asked for.
func (c *tokenizerConfig) aroundText(m model) (json.RawMessage, error) {
	tokens := object{}
	var single, pair []any
	token := func(asked *bool, key, usual string) (string, error) {
		if asked == nil || !*asked {
			return "", nil
		}
		text := c.token(key, usual)
		id, ok := m.id(text)
		if !ok {
			return "", fmt.Errorf("tokenizer_config.json: %s is %q, which is no token of the model", key, text)
		}
		tokens[text] = specialToken(text, id)
		return text, nil
	}
	bos, err := token(c.AddBOS, "bos_token", "<s>")
	if err != nil {
		return nil, err
	}
	eos, err := token(c.AddEOS, "eos_token", "</s>")
	if err != nil {
		return nil, err
	}
	for number, name := range []string{"A", "B"} {
		if bos != "" {
			pair = append(pair, special(bos, number))
		}
		pair = append(pair, object{"Sequence": object{"id": name, "type_id": number}})
		if eos != "" {
			pair = append(pair, special(eos, number))
		}
		if number == 0 {
			single = pair[:len(pair):len(pair)]
		}
	}
	return object{"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": tokens}.json(), nil
}

// likeTransformers applies what transformers 5 does to the tokenizer.json of a Llama class, or says that it would: it
// drops normalizer, pre-tokenizer and decoder for those that tokenizer_config.json implies, and the model's options for
// byte fallback without an unknown token.
func (p *parts) likeTransformers(dir string, settings Settings) error {
	config, err := readTokenizerConfig(dir)
	if err != nil {
		if settings.LikeTransformers5 {
			return err
		}
		return nil // tokenizer.json alone is the law; a broken neighbour is another reader's business
	}
	if !isLlama(config.class()) {
		return nil
	}
	preTokenizer, decoder := config.llamaStages()
	if !settings.LikeTransformers5 {
		if !sameStages(p, preTokenizer) {
			settings.Warn(fmt.Sprintf("%s: transformers 5 gives other ids for a text with a leading space or behind a special token, because "+
				"tokenizer_config.json names the class %s; tokenizer.json is followed (Settings.LikeTransformers5 chooses the other)", dir, config.class()))
		}
		return nil
	}
	p.normalizer, p.preTokenizer, p.decoder = nil, preTokenizer, decoder
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(p.model, &keys); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if string(keys["type"]) != `"BPE"` {
		return fmt.Errorf("model: the class %s needs a BPE model, not %s", config.class(), keys["type"])
	}
	for key, value := range map[string]string{
		"unk_token": "null", "continuing_subword_prefix": "null", "end_of_word_suffix": "null",
		"fuse_unk": "true", "byte_fallback": "true", "ignore_merges": "false", "dropout": "null",
	} {
		keys[key] = json.RawMessage(value)
	}
	p.built, err = readBPE(keys)
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	return nil
}

// sameStages says whether a file has the stages already: written the same way, or as transformers 4 wrote "no prefix".
func sameStages(p *parts, preTokenizer json.RawMessage) bool {
	var want, have struct {
		Type   string
		Scheme string `json:"prepend_scheme"`
		Split  *bool
	}
	if json.Unmarshal(preTokenizer, &want) != nil {
		return false
	}
	empty := func(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }
	if empty(p.normalizer) && !empty(p.preTokenizer) {
		return json.Unmarshal(p.preTokenizer, &have) == nil && have.Type == want.Type && have.Scheme == want.Scheme && have.Split != nil && !*have.Split
	}
	if empty(p.preTokenizer) && want.Scheme == "never" {
		n, err := parseNormalizer(p.normalizer)
		if err != nil {
			return false
		}
		rest, spaces := withoutSpaceReplacement(n)
		return spaces && rest == nil
	}
	return false
}
