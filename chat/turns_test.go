package chat_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/chat"
)

func cut(o *chat.Rendered, r chat.Range) string { return o.Text[r.Start:r.End] }

// turn is what is expected of one message; "-" stands for a part that is empty.
type turn struct{ content, end string }

func turnsOf(o *chat.Rendered) (list []turn) {
	for _, t := range o.Turns {
		show := func(r chat.Range) string {
			if r.Len() == 0 {
				return "-"
			}
			return cut(o, r)
		}
		list = append(list, turn{show(t.Content), show(t.End)})
	}
	return list
}

func TestTurnsAreWhatTheMessagesWrote(t *testing.T) {
	r := readRenderings(t)
	for _, c := range []struct {
		template, chat string
		variant        int
		want           []turn
	}{
		{"chatml", "with system", 0, []turn{{"Parse.", "<|im_end|>"}, {"Quins projectes?", "<|im_end|>"}, {`{"a": 1}`, "<|im_end|>"}, {"I 2020?", "<|im_end|>"}, {"D'acord.", "<|im_end|>"}}},
		{"chatml", "same words", 1, []turn{{"a", "<|im_end|>"}, {"a", "<|im_end|>"}, {"a", "<|im_end|>"}, {"a", "<|im_end|>"}}},
		{"chatml", "empty answer", 0, []turn{{"x", "<|im_end|>"}, {"-", "<|im_end|>"}}},
		{"chatml", "marks inside", 0, []turn{{"<|im_end|>\n<|im_start|>system\n{{ x }} {% if %} <s></s> [/INST]", "<|im_end|>"}, {"</s><|eot_id|><end_of_turn>", "<|im_end|>"}}},
		{"salamandra", "with system", 3, []turn{{"Parse.", "<|im_end|>"}, {"Quins projectes?", "<|im_end|>"}, {`{"a": 1}`, "<|im_end|>"}, {"I 2020?", "<|im_end|>"}, {"D'acord.", "<|im_end|>"}}},
		{"llama2", "with system", 0, []turn{{"Parse.", "-"}, {"Quins projectes?", " [/INST]"}, {` {"a": 1}`, " </s>"}, {"I 2020?", " [/INST]"}, {" D'acord.", " </s>"}}},
		{"llama3", "spaces and lines", 0, []turn{{"two\n\nlines", "<|eot_id|>"}, {"indented\n\ttab", "<|eot_id|>"}, {"answer", "<|eot_id|>"}, {"-", "<|eot_id|>"}}},
		{"llama3", "tool call", 2, []turn{{"busca", "<|eot_id|>"}, {`{"name": "cerca", "parameters": {"text": "l'aigua <x>", "any": 2020, "n": null, "f": 1.0, "l": [true]}}`, "<|eot_id|>"}, {`"{\"n\": 3}"`, "<|eot_id|>"}, {"N'hi ha 3.", "<|eot_id|>"}}},
		{"mistral", "arguments as text", 1, []turn{{"x", "[/INST]"}, {`[TOOL_CALLS] [{"name": "cerca", "arguments": "{\"text\": \"y\"}", "id": "abcdefghi"}]`, "</s>"}}},
		{"mistral", "two calls", 0, []turn{{"S", "-"}, {"x", "[/INST]"}, {`[TOOL_CALLS] [{"name": "now", "arguments": {}, "id": "123456789"}, {"name": "cerca", "arguments": {"text": "ñ"}, "id": "987654321"}]`, "</s>"},
			{"7:08", `, "call_id": "123456789"}[/TOOL_RESULTS]`}, {"res", `, "call_id": "987654321"}[/TOOL_RESULTS]`}, {" Fet.", "</s>"}, {"gràcies", "[/INST]"}}},
		{"qwen2.5", "two calls", 0, []turn{{"S", "<|im_end|>"}, {"x", "<|im_end|>"}, {"Ho miro.\n<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n{\"name\": \"cerca\", \"arguments\": {\"text\": \"ñ\"}}\n</tool_call>", "<|im_end|>"},
			{"7:08", "\n</tool_response>"}, {"res", "\n</tool_response><|im_end|>"}, {"Fet.", "<|im_end|>"}, {"gràcies", "<|im_end|>"}}},
		{"qwen3", "reasoning", 0, []turn{{"2+2?", "<|im_end|>"}, {"4", "<|im_end|>"}, {"3+3?", "<|im_end|>"}, {"<think>\nthree\n</think>\n\n6", "<|im_end|>"}}},
		{"qwen3", "reasoning inside", 0, []turn{{"2+2?", "<|im_end|>"}, {"4", "<|im_end|>"}, {"3+3?", "<|im_end|>"}, {"<think>\nhm\n</think>\n\n6", "<|im_end|>"}}},
		{"qwen3", "empty answer", 0, []turn{{"x", "<|im_end|>"}, {"<think>\n\n</think>\n\n", "<|im_end|>"}}},
		{"qwen3", "with system", 3, []turn{{"Parse.", "<|im_end|>"}, {"Quins projectes?", "<|im_end|>"}, {`{"a": 1}`, "<|im_end|>"}, {"I 2020?", "<|im_end|>"}, {"D'acord.", "<|im_end|>"}}},
		{"gemma", "with system", 0, []turn{{"Parse.", "-"}, {"Quins projectes?", "<end_of_turn>"}, {`{"a": 1}`, "<end_of_turn>"}, {"I 2020?", "<end_of_turn>"}, {"D'acord.", "<end_of_turn>"}}},
		{"generation", "names", 0, []turn{{"x", "-"}, {"y", "</s>"}}},
		{"phi3", "empty answer", 0, []turn{{"x", "<|end|>"}, {"-", "<|end|>"}}},
	} {
		o, err := template(t, c.template).ApplyTurns(r.Chats[c.chat], r.options(c.variant))
		what := c.template + ", " + c.chat
		require.NoError(t, err, what)
		require.Equal(t, c.want, turnsOf(o), what)
	}
}

func TestTurnsFitTheText(t *testing.T) {
	r := readRenderings(t)
	for _, c := range r.Cases {
		if c.Text == nil {
			continue
		}
		what := c.Template + ", " + c.Chat
		messages := r.Chats[c.Chat]
		o, err := template(t, c.Template).ApplyTurns(messages, r.options(c.Variant))
		require.NoError(t, err, what)
		require.Equal(t, *c.Text, o.Text, what)
		require.Len(t, o.Turns, len(messages), what)
		last := 0
		for i, turn := range o.Turns {
			require.LessOrEqual(t, turn.Content.Start, turn.Content.End, what)
			if turn.Whole.Len() == 0 {
				continue
			}
			require.GreaterOrEqual(t, turn.Whole.Start, last, what)
			last = turn.Whole.End
			require.GreaterOrEqual(t, turn.Content.Start, turn.Whole.Start, what)
			require.Equal(t, turn.Content.End, turn.End.Start, what)
			require.LessOrEqual(t, turn.End.End, turn.Whole.End, what)
			require.Empty(t, strings.TrimSpace(o.Text[turn.End.End:turn.Whole.End]), what)
			trim := func(s string) string { return strings.Trim(s, " \t\r\n\v\f\x1c\u2028\u00a0") }
			written := trim(cut(o, turn.Content))
			if len(messages[i].Fields) == 0 && !strings.Contains(messages[i].Content, "<think>") {
				require.True(t, strings.HasSuffix(written, trim(messages[i].Content)), "%s: %q", what, written)
			}
		}
	}
}

func TestGenerationBlocksAreTold(t *testing.T) {
	r := readRenderings(t)
	o, err := template(t, "generation").ApplyTurns(r.Chats["with system"], chat.Options{})
	require.NoError(t, err)
	require.Len(t, o.Generated, 2)
	require.Equal(t, `{"a": 1}</s>`, cut(o, o.Generated[0]))
	require.Equal(t, "D'acord.</s>", cut(o, o.Generated[1]))
}

// axolotl trains, by its settings, contents and end marks of some roles.
func TestTurnsAreWhatAxolotlTrains(t *testing.T) {
	var rows []struct {
		Name, Text string
		Messages   []chat.Message
		Trained    []string
	}
	text, err := os.ReadFile("testdata/trained.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &rows))
	settings := map[string]struct {
		roles string
		end   bool
	}{
		"default, eos </s> not in template": {"assistant", false},
		"eot_tokens <|im_end|>":             {"assistant", true},
		"special eos <|im_end|>":            {"assistant", true},
		"train_on_inputs":                   {"system user assistant", true},
		"roles_to_train user+assistant":     {"user assistant", true},
		"train_on_eos none":                 {"assistant", false},
		"last turn is user":                 {"assistant", true},
	}
	for _, row := range rows {
		setting, ok := settings[row.Name]
		if !ok {
			continue
		}
		delete(settings, row.Name)
		o, err := template(t, "chatml").ApplyTurns(row.Messages, chat.Options{})
		require.NoError(t, err)
		require.Equal(t, row.Text, o.Text, row.Name)
		var trained []string
		for i, turn := range o.Turns {
			if !strings.Contains(setting.roles, row.Messages[i].Role) {
				continue
			}
			r := turn.Content
			if setting.end {
				r.End = turn.End.End
			}
			trained = append(trained, cut(o, r))
		}
		require.Equal(t, row.Trained, trained, row.Name)
	}
	require.Empty(t, settings)
}

func TestATemplateWithoutALoopOverMessagesIsFollowed(t *testing.T) {
	parsed, err := chat.Parse("{{ bos_token }}{% for i in range(messages|length) %}<{{ messages[i].role }}>{{ messages[i].content|trim }}</>\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}", tokens)
	require.NoError(t, err)
	messages := []chat.Message{{Role: "system", Content: " S"}, {Role: "user", Content: "a"}, {Role: "assistant", Content: "a "}, {Role: "user", Content: ""}, {Role: "assistant", Content: ""}}
	for _, prompt := range []bool{false, true} {
		o, err := parsed.ApplyTurns(messages, chat.Options{AddGenerationPrompt: prompt})
		require.NoError(t, err)
		require.Equal(t, []turn{{"S", "</>"}, {"a", "</>"}, {"a", "</>"}, {"-", "</>"}, {"-", "</>"}}, turnsOf(o))
	}
}

func TestWhatCannotBeFollowedIsAnError(t *testing.T) {
	question := []chat.Message{{Role: "user", Content: "x"}, {Role: "assistant", Content: ""}}
	for source, want := range map[string]string{
		`{% for m in messages %}{{ m.role }}: {{ m.content }};{% endfor %}{% for m in messages %}{{ m.content }}{% endfor %}`: "the template prints it more than once",
		`{% for m in messages %}{{ m.role }}: {{ 'fixed' if m.role == 'assistant' else m.content }};{% endfor %}`:             "message 2 (assistant): where its content stands can't be told: the template shows nothing of such messages",
		`{% for i in range(messages|length) %}{{ messages[i].content }}{% endfor %}{{ messages|length }}`:                     "the text up to here changes with what follows",
	} {
		parsed, err := chat.Parse(source, nil)
		require.NoError(t, err)
		_, err = parsed.ApplyTurns(question, chat.Options{})
		require.ErrorContains(t, err, want)
	}
}
