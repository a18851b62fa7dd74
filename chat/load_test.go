package chat_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/chat"
)

func TestAFolderHasTheTemplateThatTransformersFinds(t *testing.T) {
	var models []struct {
		Name    string
		Files   map[string]string
		Results []struct {
			Text  *string
			Error string
			Tools bool
			Name  string
		}
	}
	text, err := os.ReadFile("testdata/models.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &models))
	for _, m := range models {
		t.Run(m.Name, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range m.Files {
				path := filepath.Join(dir, name)
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
				require.NoError(t, os.WriteFile(path, []byte(content), 0o666))
			}
			model, err := chat.Load(dir)
			require.NoError(t, err)
			require.False(t, model.IsDefault())
			for _, want := range m.Results {
				opts := chat.Options{Template: want.Name}
				if want.Tools {
					opts.Tools = []json.RawMessage{[]byte("{}"), []byte("{}")}
				}
				got, err := model.Apply([]chat.Message{{Role: "user", Content: "x"}}, opts)
				if want.Text == nil {
					require.Error(t, err, want.Error)
					continue
				}
				require.NoError(t, err)
				require.Equal(t, *want.Text, got)
			}
		})
	}
}

func TestFaultsOfAFolderAreNamed(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"tokenizer_config.json", "{", "tokenizer_config.json: unexpected end of JSON input"},
		{"tokenizer_config.json", `{"chat_template": 5}`, "tokenizer_config.json: chat_template must be a string, or a list"},
		{"tokenizer_config.json", `{"chat_template": [{"name": "x"}]}`, "chat_template, entry 1: name or template is missing"},
		{"chat_template.jinja", "\n{% include 'x' %}", `template "default": chat template, line 2: {% include %} needs another template`},
		{"chat_template.jinja", "{{ x|groupby('y') }}", "there is no filter 'groupby' here: Jinja2 has it, but it is not supported"},
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o666))
		_, err := chat.Load(dir)
		require.ErrorContains(t, err, c.want)
	}
	_, err := chat.Load(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)

	model, err := chat.Load(t.TempDir())
	require.NoError(t, err)
	_, err = model.Apply(nil, chat.Options{})
	require.ErrorContains(t, err, "at least one message")
	user := []chat.Message{{Role: "user", Content: "x"}}
	_, err = model.Apply(user, chat.Options{Template: "rag"})
	require.ErrorContains(t, err, `the model has no chat template "rag", only ["default"]`)
	_, err = model.Apply(user, chat.Options{Vars: map[string]any{"messages": 1}})
	require.ErrorContains(t, err, "messages is no variable")
	_, err = model.Apply(user, chat.Options{Vars: map[string]any{"x": struct{}{}}})
	require.ErrorContains(t, err, "variable x: a struct {} can't be shown")
	_, err = model.Apply(user, chat.Options{Tools: []json.RawMessage{[]byte("{")}})
	require.ErrorContains(t, err, "tool 1: ")
}

func TestAnUnusedTemplateMayBeBroken(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tokenizer_config.json"), []byte(`{"chat_template": [
		{"name": "default", "template": "fine"}, {"name": "tool_use", "template": "{% if %}"}]}`), 0o666))
	model, err := chat.Load(dir)
	require.NoError(t, err)
	user := []chat.Message{{Role: "user", Content: "x"}}
	text, err := model.Apply(user, chat.Options{})
	require.NoError(t, err)
	require.Equal(t, "fine", text)
	_, err = model.Apply(user, chat.Options{Tools: []json.RawMessage{}})
	require.ErrorContains(t, err, `template "tool_use": chat template, line 1: `)
}

func TestManyGoroutinesRenderAtOnce(t *testing.T) {
	r := readRenderings(t)
	model := template(t, "qwen3")
	want, err := model.ApplyTurns(r.Chats["two calls"], r.options(2))
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				got, err := model.ApplyTurns(r.Chats["two calls"], r.options(2))
				if err != nil || got.Text != want.Text {
					t.Error("another text", err)
				}
			}
		})
	}
	group.Wait()
}

func TestMessagesKeepTheirJSON(t *testing.T) {
	const text = `{"content":[{"type":"text","z":1,"a":1.50}],"role":"tool","name":null,"x":"<ñ>"}`
	var m chat.Message
	require.NoError(t, json.Unmarshal([]byte(text), &m))
	require.Equal(t, "tool", m.Role)
	require.Equal(t, "<ñ>", m.Fields.Get("x"))
	again, err := m.MarshalJSON()
	require.NoError(t, err)
	require.JSONEq(t, text, string(again))

	parsed, err := chat.Parse("{{ messages|tojson }}", nil)
	require.NoError(t, err)
	rendered, err := parsed.Apply([]chat.Message{m, {Role: "user", Content: "c", Fields: chat.Fields{{Name: "n", Value: 1}}}}, chat.Options{})
	require.NoError(t, err)
	require.Equal(t, `[{"content": [{"type": "text", "z": 1, "a": 1.5}], "role": "tool", "x": "<ñ>"}, {"role": "user", "content": "c", "n": 1}]`, rendered)

	for _, wrong := range []string{`[]`, `{"role": 5}`, `{"role"`} {
		require.Error(t, json.Unmarshal([]byte(wrong), &m), wrong)
	}
}
