package chat

// Templates: which one a model has, and rendering with it.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ajolote-ai/ajolote/chat/internal/jinja"
)

// ChatMLSource is the template of models that ship none: ChatML, as Salamandra,
// Qwen and many others use it, without a system message of its own.
const ChatMLSource = `{% for message in messages %}
{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}
{%- endfor %}
{% if add_generation_prompt %}
{{ '<|im_start|>assistant\n' }}
{%- endif %}`

const (
	defaultName = "default"
	toolUseName = "tool_use"
)

// A Template renders conversations. Many goroutines may use one.
type Template struct {
	named  map[string]parsed
	tokens map[string]string
	// own is false for the ChatML of a model without a template.
	own bool
}

// parsed is one template; its fault is reported when it is used.
type parsed struct {
	source string
	jinja  *jinja.Template
	err    error
}

// Parse makes a template from its source. tokens are the special tokens that it
// may name: "bos_token", "eos_token", ... It may be nil.
func Parse(source string, tokens map[string]string) (*Template, error) {
	t := newTemplate(map[string]string{defaultName: source}, tokens)
	if err := t.named[defaultName].err; err != nil {
		return nil, err
	}
	return t, nil
}

func newTemplate(sources, tokens map[string]string) *Template {
	t := &Template{named: map[string]parsed{}, tokens: maps.Clone(tokens), own: true}
	for name, source := range sources {
		j, err := jinja.Parse(source)
		t.named[name] = parsed{source, j, err}
	}
	return t
}

// Load reads the template of a model's directory, as transformers 5 does: the
// file chat_template.jinja and those in additional_chat_templates, else the key
// chat_template of tokenizer_config.json (one template, or a list of named ones);
// special tokens come from tokenizer_config.json, and from
// special_tokens_map.json where the former has no added_tokens_decoder.
//
// A model without a template gets ChatML ([ChatMLSource]); [Template.IsDefault]
// tells. A directory without these files is such a model; one that does not
// exist is an error.
func Load(dir string) (*Template, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a directory", dir)
	}
	config, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	sources, err := templateFiles(dir)
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		sources = config.templates
	}
	own := len(sources) > 0
	if !own {
		sources = map[string]string{defaultName: ChatMLSource}
	}
	t := newTemplate(sources, config.tokens)
	t.own = own
	if len(t.named) == 1 {
		for name, p := range t.named {
			if p.err != nil {
				return nil, fmt.Errorf("%s: template %q: %w", dir, name, p.err)
			}
		}
	}
	return t, nil
}

// templateFiles reads the templates that are files.
func templateFiles(dir string) (map[string]string, error) {
	paths, err := filepath.Glob(filepath.Join(escapeGlob(dir), "additional_chat_templates", "*.jinja"))
	if err != nil {
		return nil, err
	}
	named := map[string]string{defaultName: filepath.Join(dir, "chat_template.jinja")}
	for _, path := range paths {
		named[strings.TrimSuffix(filepath.Base(path), ".jinja")] = path
	}
	sources := map[string]string{}
	for name, path := range named {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		sources[name] = string(text)
	}
	return sources, nil
}

func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// config is what the tokenizer's files say about chats.
type config struct {
	templates map[string]string
	tokens    map[string]string
}

// tokenNames are the special tokens that templates can name.
var tokenNames = []string{"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}

func readConfig(dir string) (c config, err error) {
	path := filepath.Join(dir, "tokenizer_config.json")
	keys, err := readObject(path)
	if err != nil {
		return c, err
	}
	if raw, ok := keys["chat_template"]; ok {
		if c.templates, err = namedTemplates(raw); err != nil {
			return c, fmt.Errorf("%s: %w", path, err)
		}
	}
	if _, ok := keys["added_tokens_decoder"]; !ok {
		older, err := readObject(filepath.Join(dir, "special_tokens_map.json"))
		if err != nil {
			return c, err
		}
		maps.Copy(keys, older)
	}
	c.tokens = map[string]string{}
	for _, name := range tokenNames {
		if text, ok := tokenText(keys[name]); ok {
			c.tokens[name] = text
		}
	}
	return c, nil
}

// readObject reads a JSON file; one that is not there is empty.
func readObject(path string) (keys map[string]json.RawMessage, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]json.RawMessage{}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &keys); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if keys == nil {
		keys = map[string]json.RawMessage{}
	}
	return keys, nil
}

// namedTemplates reads the key chat_template: a string, or a list of objects
// with name and template.
func namedTemplates(raw json.RawMessage) (map[string]string, error) {
	var one *string
	if json.Unmarshal(raw, &one) == nil {
		if one == nil {
			return nil, nil
		}
		return map[string]string{defaultName: *one}, nil
	}
	var list []struct{ Name, Template *string }
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, errors.New("chat_template must be a string, or a list of objects with name and template")
	}
	named := map[string]string{}
	for i, t := range list {
		if t.Name == nil || t.Template == nil {
			return nil, fmt.Errorf("chat_template, entry %d: name or template is missing", i+1)
		}
		named[*t.Name] = *t.Template
	}
	return named, nil
}

// tokenText reads a special token: a string, or an object with its content.
func tokenText(raw json.RawMessage) (string, bool) {
	var text *string
	if json.Unmarshal(raw, &text) == nil && text != nil {
		return *text, true
	}
	var token struct{ Content *string }
	if json.Unmarshal(raw, &token) == nil && token.Content != nil {
		return *token.Content, true
	}
	return "", false
}

// IsDefault says that the model has no template and ChatML stands in.
func (t *Template) IsDefault() bool { return !t.own }

// Token is the text of a special token ("eos_token", "bos_token", ...), or
// nothing when the model has none of that name.
func (t *Template) Token(name string) string { return t.tokens[name] }

// Names are the names of the model's templates, sorted. A model with a single
// template has the name "default".
func (t *Template) Names() []string { return slices.Sorted(maps.Keys(t.named)) }

// Source is the text of the template that Apply would use.
func (t *Template) Source(opts Options) (string, error) {
	p, err := t.choose(opts)
	return p.source, err
}

func (t *Template) choose(opts Options) (parsed, error) {
	name := opts.Template
	if name == "" {
		name = defaultName
		if _, ok := t.named[toolUseName]; ok && opts.Tools != nil {
			name = toolUseName
		}
	}
	p, ok := t.named[name]
	if !ok {
		return p, fmt.Errorf("the model has no chat template %q, only %q: name one of them in Options.Template", name, t.Names())
	}
	if p.err != nil {
		return p, fmt.Errorf("template %q: %w", name, p.err)
	}
	return p, nil
}

// Apply renders a conversation: the text of transformers' apply_chat_template
// with tokenize=False. A conversation that the template refuses (it calls
// raise_exception) is a [RefusedError].
func (t *Template) Apply(messages []Message, opts Options) (string, error) {
	r, err := t.render(messages, opts)
	if err != nil {
		return "", err
	}
	return r.Text, nil
}

// A RefusedError says that the template itself does not take a conversation.
type RefusedError struct{ Message string }

func (e *RefusedError) Error() string {
	return "the chat template refuses this conversation: " + e.Message
}

func (t *Template) render(messages []Message, opts Options) (*jinja.Rendered, error) {
	if len(messages) == 0 {
		return nil, errors.New("a chat template needs at least one message")
	}
	p, err := t.choose(opts)
	if err != nil {
		return nil, err
	}
	vars, err := t.vars(messages, opts)
	if err != nil {
		return nil, err
	}
	now := opts.Now
	if now.IsZero() {
		now = time.Now()
	}
	r, err := p.jinja.Render(vars, now)
	var fault *jinja.Error
	if errors.As(err, &fault) && fault.Raised {
		return nil, &RefusedError{fault.Msg}
	}
	return r, err
}

// vars are the variables that the template sees.
func (t *Template) vars(messages []Message, opts Options) (map[string]jinja.Value, error) {
	list := &jinja.List{}
	for i, m := range messages {
		v, err := messageValue(m, i)
		if err != nil {
			return nil, err
		}
		list.Items = append(list.Items, v)
	}
	vars := map[string]jinja.Value{
		"messages":              list,
		"add_generation_prompt": opts.AddGenerationPrompt,
		"tools":                 nil,
		"documents":             nil,
	}
	for name, text := range t.tokens {
		vars[name] = jinja.Of(text, 0)
	}
	if opts.Tools != nil {
		tools := &jinja.List{}
		for i, tool := range opts.Tools {
			v, err := value(tool, 0)
			if err != nil {
				return nil, fmt.Errorf("tool %d: %w", i+1, err)
			}
			tools.Items = append(tools.Items, v)
		}
		vars["tools"] = tools
	}
	for name, v := range opts.Vars {
		if name == "messages" || name == "tools" || name == "add_generation_prompt" {
			return nil, fmt.Errorf("%s is no variable of Options.Vars: it has its own place", name)
		}
		shown, err := value(v, 0)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", name, err)
		}
		vars[name] = shown
	}
	return vars, nil
}
