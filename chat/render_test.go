package chat_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/chat"
)

// renderings is what testdata/make.py wrote: conversations, ways to render them,
// and what transformers made of them with each template.
type renderings struct {
	Chats    map[string][]chat.Message
	Variants []struct {
		AddGenerationPrompt bool `json:"add_generation_prompt"`
		Tools               []json.RawMessage
		Vars                map[string]any
	}
	Cases []struct {
		Template, Chat string
		Variant        int
		Text           *string
		Error          string
	}
}

func readRenderings(t testing.TB) renderings {
	t.Helper()
	return readRenderingsOf(t, "testdata/rendered.json")
}

func readRenderingsOf(t testing.TB, path string) (r renderings) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &r))
	return r
}

// The tokens and the time of testdata/make.py.
var (
	tokens = map[string]string{"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
	now    = time.Date(2026, 3, 5, 7, 8, 9, 0, time.UTC)
)

func (r renderings) options(variant int) chat.Options {
	v := r.Variants[variant]
	return chat.Options{AddGenerationPrompt: v.AddGenerationPrompt, Tools: v.Tools, Vars: v.Vars, Now: now}
}

func template(t testing.TB, name string) *chat.Template {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("testdata/templates", name+".jinja"))
	require.NoError(t, err)
	parsed, err := chat.Parse(string(source), tokens)
	require.NoError(t, err)
	return parsed
}

func TestTemplatesRenderAsTransformersDoes(t *testing.T) {
	r := readRenderings(t)
	require.Greater(t, len(r.Cases), 500)
	for _, c := range r.Cases {
		text, err := template(t, c.Template).Apply(r.Chats[c.Chat], r.options(c.Variant))
		what := c.Template + ", " + c.Chat
		if c.Text == nil {
			require.Error(t, err, "%s: transformers says %s; we render %q", what, c.Error, text)
			var refused *chat.RefusedError
			if message, raised := strings.CutPrefix(c.Error, "TemplateError: "); raised {
				require.ErrorAs(t, err, &refused, what)
				require.Equal(t, message, refused.Message, what)
			}
			continue
		}
		require.NoError(t, err, what)
		require.Equal(t, *c.Text, text, what)
	}
}

// For a comparison over the templates of many models: see testdata/make.py.
func TestPublishedTemplatesRenderAsTransformersDoes(t *testing.T) {
	path, folder := os.Getenv("AJOLOTE_RENDERED"), os.Getenv("AJOLOTE_TEMPLATES")
	if path == "" {
		t.Skip("AJOLOTE_RENDERED is not set")
	}
	r := readRenderingsOf(t, path)
	same, turns := 0, 0
	for _, c := range r.Cases {
		source, err := os.ReadFile(filepath.Join(folder, c.Template+".jinja"))
		require.NoError(t, err)
		what := c.Template + ", " + c.Chat
		parsed, err := chat.Parse(string(source), tokens)
		var text string
		if err == nil {
			text, err = parsed.Apply(r.Chats[c.Chat], r.options(c.Variant))
		}
		switch {
		case c.Text == nil:
			if assert.Error(t, err, "%s: transformers says %s; we render %q", what, c.Error, text) {
				same++
			}
		case assert.NoError(t, err, what) && assert.Equal(t, *c.Text, text, what):
			same++
			if _, err := parsed.ApplyTurns(r.Chats[c.Chat], r.options(c.Variant)); err == nil {
				turns++
			} else {
				t.Log(what, err)
			}
		}
	}
	t.Logf("%d of %d renderings are the same; turns were found in %d", same, len(r.Cases), turns)
}

func TestTheDefaultIsChatML(t *testing.T) {
	r := readRenderings(t)
	model, err := chat.Load(t.TempDir())
	require.NoError(t, err)
	require.True(t, model.IsDefault())
	for _, c := range r.Cases {
		if c.Template != "chatml" || c.Text == nil {
			continue
		}
		text, err := model.Apply(r.Chats[c.Chat], r.options(c.Variant))
		require.NoError(t, err)
		require.Equal(t, *c.Text, text, c.Chat)
	}
}
