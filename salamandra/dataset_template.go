package salamandra

import (
	"fmt"
	"maps"
	"os"
	"strings"

	"github.com/ajolote-ai/ajolote/chat"
	"github.com/ajolote-ai/ajolote/tokenizer"
)

// This file: the tokenizer and chat template that a configuration names, and the marks that end sequences and turns.

// llama3Source is the format of Llama 3: a header with the role, two line ends, the trimmed content, <|eot_id|>.
const llama3Source = `{%- for message in messages %}
{{- (bos_token if loop.first else '') + '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}`

// speech is what turns texts into tokens: the tokenizer, its marks, the templates.
type speech struct {
	tokenizer *tokenizer.Tokenizer
	marks     map[string]string // special tokens by name: eos_token …
	eos, bos  int32             // -1: none
	folder    string            // of the tokenizer
	model     *chat.Template    // the model's own, or ChatML in its place
}

// loadSpeech reads the tokenizer files of a folder and lays special_tokens over them.
func (c *Config) loadSpeech(folder string) (*speech, error) {
	t, err := tokenizer.Load(folder)
	if err != nil {
		return nil, err
	}
	if t, err = t.WithTruncation(nil); err != nil {
		return nil, err
	}
	if t, err = t.WithPadding(nil); err != nil {
		return nil, err
	}
	model, err := chat.Load(folder)
	if err != nil {
		return nil, err
	}
	s := &speech{tokenizer: t, folder: folder, model: model, marks: map[string]string{}}
	inVocabulary := func(key, token string) error {
		if _, ok := t.TokenToID(token); !ok {
			return fmt.Errorf("special_tokens.%s: %s is not in the vocabulary of %s, which stays as it is; name a token that it has", key, token, folder)
		}
		return nil
	}
	special := c.SpecialTokens
	for _, mark := range []struct{ name, override string }{{"eos_token", special.EOS}, {"bos_token", special.BOS}, {"pad_token", special.Pad}, {"unk_token", special.Unknown}} {
		s.marks[mark.name] = model.Token(mark.name)
		if mark.override == "" {
			continue
		}
		if err := inVocabulary(mark.name, mark.override); err != nil {
			return nil, err
		}
		s.marks[mark.name] = mark.override
	}
	for _, token := range special.Additional {
		if err := inVocabulary("additional_special_tokens", token); err != nil {
			return nil, err
		}
	}
	s.eos, s.bos = s.id("eos_token"), s.id("bos_token")
	return s, nil
}

// id is the id of a special token, -1 when there is none.
func (s *speech) id(mark string) int32 {
	if text := s.marks[mark]; text != "" {
		if id, ok := s.tokenizer.TokenToID(text); ok {
			return id
		}
	}
	return -1
}

// template returns the chat template of a dataset; the notice says what stands in for a missing one.
func (s *speech) template(c *Config, d *Dataset) (t *chat.Template, notice string, err error) {
	name, jinja := c.template(d)
	if fallback, ok := strings.CutPrefix(name, "tokenizer_default_fallback_"); ok {
		name = "tokenizer_default"
		if s.model.IsDefault() {
			name = fallback
		}
	}
	switch name {
	case "chatml":
		t, err = chat.Parse(chat.ChatMLSource, s.marks)
	case "llama3":
		t, err = chat.Parse(llama3Source, s.marks)
	case "jinja":
		if text, readErr := os.ReadFile(jinja); readErr == nil {
			jinja = string(text)
		} else if !strings.Contains(jinja, "{") {
			return nil, "", fmt.Errorf("chat_template_jinja is neither a template nor a file that can be read: %w", readErr)
		}
		t, err = chat.Parse(jinja, s.marks)
	default:
		if t = s.model; !t.IsDefault() {
			break
		}
		for _, mark := range []string{"<|im_start|>", "<|im_end|>"} {
			if _, ok := s.tokenizer.TokenToID(mark); !ok {
				return nil, "", fmt.Errorf("%s has no chat template, and ChatML cannot stand in, as its vocabulary lacks %s; name one in chat_template", s.folder, mark)
			}
		}
		notice = s.folder + " has no chat template; ChatML is used"
	}
	if err != nil {
		return nil, "", fmt.Errorf("chat_template %s: %w", name, err)
	}
	return t, notice, nil
}

// vars are the variables of a template beside the messages.
func (s *speech) vars(c *Config) map[string]any {
	vars := map[string]any{}
	for name, text := range s.marks {
		if text != "" {
			vars[name] = text
		}
	}
	maps.Copy(vars, c.ChatTemplateKwargs)
	return vars
}
