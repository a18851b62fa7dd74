package salamandra

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/chat"
	"github.com/ajolote-ai/ajolote/hub"
)

// readText reads a data file of the given name and contents.
func readText(t *testing.T, c *Config, d Dataset, name, text string) ([]Example, *DataReport, error) {
	t.Helper()
	d.Path = filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(d.Path, []byte(text), 0o644))
	report := &DataReport{}
	examples, err := c.ReadExamples(t.Context(), &d, report)
	for i := range examples {
		examples[i].File = ""
	}
	return examples, report, err
}

func conversation(id string, line int, turns ...string) Example {
	e := Example{ID: id, Line: line}
	for i := 0; i < len(turns); i += 2 {
		e.Messages = append(e.Messages, chat.Message{Role: turns[i], Content: turns[i+1]})
		e.Train = append(e.Train, turns[i] == "assistant")
	}
	return e
}

func TestEveryShapeOfRowsGivesItsExamples(t *testing.T) {
	chatRows := []Example{conversation("a", 1, "system", "s", "user", "u", "assistant", "{}")}
	for name, c := range map[string]struct {
		config Config
		d      Dataset
		text   string
		want   []Example
	}{
		"OpenAI messages": {d: Dataset{Type: "chat_template"}, want: chatRows,
			text: `{"id": "a", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}, {"role": "assistant", "content": "{}"}]}`},
		"sharegpt": {d: Dataset{Type: "sharegpt"}, want: chatRows,
			text: `{"id": "a", "conversations": [{"from": "system", "value": "s"}, {"from": "human", "value": "u"}, {"from": "gpt", "value": "{}"}]}`},
		"sharegpt with the names of messages": {d: Dataset{Type: "sharegpt"}, want: chatRows,
			text: `{"id": "a", "conversations": [{"from": "system", "value": "s"}, {"from": "user", "value": "u"}, {"from": "assistant", "value": "{}"}]}`},
		"sharegpt, but the rows have messages": {d: Dataset{Type: "sharegpt"}, want: chatRows,
			text: `{"id": "a", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}, {"role": "assistant", "content": "{}"}]}`},
		"sharegpt.load_role": {d: Dataset{Type: "sharegpt.load_role"}, want: chatRows,
			text: `{"id": "a", "conversations": [{"role": "system", "value": "s"}, {"role": "human", "value": "u"}, {"role": "gpt", "value": "{}"}]}`},
		"mapped keys": {want: chatRows,
			d:    Dataset{Type: "chat_template", FieldMessages: "turns", MessagePropertyMappings: map[string]string{"role": "who", "content": "says"}, Roles: map[string][]string{"user": {"A"}, "assistant": {"B"}}},
			text: `{"id": "a", "turns": [{"who": "system", "says": "s"}, {"who": "A", "says": "u"}, {"who": "B", "says": "{}"}]}`},
		"a list in a text": {d: Dataset{Type: "chat_template"}, want: chatRows,
			text: `{"id": "a", "messages": "[{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": \"u\"}, {\"role\": \"assistant\", \"content\": \"{}\"}]"}`},
		"a system message beside": {d: Dataset{Type: "chat_template"}, want: chatRows,
			text: `{"id": "a", "system": "s", "messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": [{"type": "text", "text": "{"}, {"type": "text", "text": "}"}]}]}`},
		"one system message is enough": {d: Dataset{Type: "chat_template"}, want: []Example{conversation("7", 1, "system", "in", "user", "u")},
			text: `{"id": 7, "system": "s", "messages": [{"role": "system", "content": "in"}, {"role": "user", "content": "u"}]}`},
		"drop_system_message": {d: Dataset{Type: "chat_template", DropSystemMessage: true}, want: []Example{conversation("data.jsonl:1", 1, "user", "u")},
			text: `{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]}`},
		"roles_to_train": {d: Dataset{Type: "chat_template", RolesToTrain: []string{"human"}}, text: `{"id": "a", "messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "x"}]}`,
			want: []Example{{ID: "a", Line: 1, Messages: []chat.Message{{Role: "user", Content: "u"}, {Role: "assistant", Content: "x"}}, Train: []bool{true, false}}}},
		"train_on_inputs": {config: Config{TrainOnInputs: true}, d: Dataset{Type: "chat_template"}, text: `{"id": "a", "messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "x"}]}`,
			want: []Example{{ID: "a", Line: 1, Messages: []chat.Message{{Role: "user", Content: "u"}, {Role: "assistant", Content: "x"}}, Train: []bool{true, true}}}},
		"a flag in the message": {d: Dataset{Type: "chat_template", MessageFieldTraining: "training"},
			text: `{"id": "a", "messages": [{"role": "user", "content": "u", "training": true}, {"role": "assistant", "content": "x", "training": false}]}`,
			want: []Example{{ID: "a", Line: 1, Messages: []chat.Message{{Role: "user", Content: "u"}, {Role: "assistant", Content: "x"}}, Train: []bool{true, false}}}},
		"tools": {d: Dataset{Type: "chat_template"},
			text: `{"id": "a", "tools": "[{\"type\": \"function\"}]", "messages": [{"role": "assistant", "content": null, "name": "n", "tool_calls": [{"function": {"name": "f", "arguments": "{\"x\": 1}"}}]}]}`,
			want: []Example{{ID: "a", Line: 1, Tools: []json.RawMessage{json.RawMessage(`{"type": "function"}`)}, Train: []bool{true}, Messages: []chat.Message{{Role: "assistant", Fields: chat.Fields{
				{Name: "name", Value: "n"},
				{Name: "tool_calls", Value: []any{chat.Fields{{Name: "function", Value: chat.Fields{{Name: "name", Value: "f"}, {Name: "arguments", Value: chat.Fields{{Name: "x", Value: json.Number("1")}}}}}}}},
			}}}}}},
		"alpaca": {d: Dataset{Type: "alpaca"}, text: `{"id": "a", "instruction": "Tradueix", "input": "hola", "output": "hello"}`,
			want: []Example{{ID: "a", Line: 1, Segments: []Segment{{Text: alpacaWithInput + "\n\n### Instruction:\nTradueix\n\n### Input:\nhola\n\n### Response:\n", Begin: true}, {Text: "hello", Train: true, End: true}}}}},
		"alpaca as ChatML, no input": {d: Dataset{Type: "alpaca:chatml"}, text: `{"id": "a", "instruction": "Tradueix", "output": "hello"}`,
			want: []Example{{ID: "a", Line: 1, Segments: []Segment{{Text: "<|im_start|>system\n" + alpacaAlone + "<|im_end|>\n<|im_start|>user\nTradueix<|im_end|>\n<|im_start|>assistant\n", Begin: true}, {Text: "hello", Train: true, End: true}}}}},
		"completion":                  {d: Dataset{Type: "completion"}, text: `{"text": "t"}`, want: []Example{{ID: "data.jsonl:1", Line: 1, Cut: true, Segments: []Segment{{Text: "t", Train: true, Begin: true, End: true}}}}},
		"completion of another field": {d: Dataset{Type: "completion", Field: "body"}, text: `{"body": "t"}`, want: []Example{{ID: "data.jsonl:1", Line: 1, Cut: true, Segments: []Segment{{Text: "t", Train: true, Begin: true, End: true}}}}},
		"input_output":                {d: Dataset{Type: "input_output"}, text: `{"segments": [{"label": false, "text": "q"}, {"label": true, "text": "a"}]}`, want: []Example{{ID: "data.jsonl:1", Line: 1, Segments: []Segment{{Text: "q"}, {Text: "a", Train: true}}}}},
		"tokenised":                   {text: `{"input_ids": [1, 2, 3, 0], "labels": [-100, 2, 3, -100], "attention_mask": [1, 1, 1, 0]}`, want: []Example{{ID: "data.jsonl:1", Line: 1, IDs: []int32{1, 2, 3}, Labels: []int32{Ignore, 2, 3}}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, report, err := readText(t, &c.config, c.d, "data.jsonl", c.text)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			require.Equal(t, 1, report.Rows)
		})
	}
}

func TestABadRowIsNamedByFileLineAndReason(t *testing.T) {
	for _, c := range []struct{ kind, text, want string }{
		{"chat_template", `{"messages": [}`, "the row is not JSON: invalid character '}' looking for beginning of value (byte 15)"},
		{"chat_template", `3`, "a JSON number, not an object"},
		{"chat_template", `null`, "the row is null"},
		{"chat_template", "{\"messages\": \"\xff\"}", "the row is not UTF-8"},
		{"chat_template", `{"id": 1, "text": "x"}`, "the row has no messages; its keys are id, text; see field_messages"},
		{"sharegpt", `{"text": "x"}`, "the row has no conversations"},
		{"chat_template", `{"messages": []}`, "messages is empty"},
		{"chat_template", `{"messages": {}}`, "messages is no list of objects"},
		{"chat_template", `{"messages": [{"content": "x"}]}`, "messages[0]: the message has no role; its keys are content"},
		{"chat_template", `{"messages": [{"role": "user"}]}`, "messages[0]: the message has no content; its keys are role"},
		{"chat_template", `{"messages": [{"role": "user", "content": 3}]}`, "messages[0]: content: the content is neither a text nor a list of parts"},
		{"chat_template", `{"messages": [{"role": "user", "content": [{"type": "image"}]}]}`, "part 0 is no text"},
		{"chat_template", `{"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "train": false}]}]}`, "part 0 is weighted"},
		{"chat_template", `{"messages": [{"role": "a", "content": "", "tool_calls": [{"function": {"arguments": "{"}}]}]}`, "messages[0]: tool_calls: [0]: arguments are not JSON"},
		{"alpaca", `{"instruction": "x"}`, "the row has no output"},
		{"alpaca", `{"instruction": "x", "input": 3, "output": "y"}`, "input is a number, not a text"},
		{"alpaca", `{"instruction": "x", "output": ""}`, "output is empty"},
		{"completion", `{"text": ""}`, "text is empty"},
		{"input_output", `{"segments": [{"text": "x"}]}`, "segments[0]: want label and text"},
		{"input_output", `{"segments": []}`, "segments is empty"},
		{"", `{"text": "x"}`, "the row has no input_ids; its keys are text; name the shape of the rows in type"},
		{"", `{"input_ids": [1], "labels": [1, 2]}`, "differ in length: 1, 2, 1"},
		{"", `{"input_ids": [1.5], "labels": [1]}`, "input_ids: want a list of whole numbers"},
		{"", `{"input_ids": [-1], "labels": [-1]}`, "input_ids[0] is -1"},
		{"", `{"input_ids": [3], "labels": [4]}`, "labels[0] is 4; want 3, the token itself, or -100"},
		{"", `{"input_ids": [3000000000], "labels": [4]}`, "input_ids[0] is 3000000000: out of range"},
	} {
		t.Run(c.text, func(t *testing.T) {
			_, _, err := readText(t, &Config{}, Dataset{Type: c.kind}, "data.jsonl", "\n"+c.text+"\n")
			var bad *BadRowError
			require.ErrorAs(t, err, &bad)
			require.Equal(t, 2, bad.Line)
			require.Equal(t, "data.jsonl", filepath.Base(bad.File))
			require.Contains(t, bad.Reason, c.want)
			require.ErrorContains(t, err, "data.jsonl:2: ")
			require.ErrorContains(t, err, "skip_bad_rows: true")
		})
	}
}

func TestSkipBadRowsGoesOnAndCounts(t *testing.T) {
	text := `{"text": "a"}` + "\n{\n\n" + `{"text": ""}` + "\n" + `{"text": "b"}`
	examples, report, err := readText(t, &Config{SkipBadRows: true}, Dataset{Type: "completion"}, "data.jsonl", text)
	require.NoError(t, err)
	require.Len(t, examples, 2)
	require.Equal(t, 5, examples[1].Line)
	require.Equal(t, 4, report.Rows)
	require.Equal(t, 2, report.Bad)
	require.Equal(t, []int{2, 4}, []int{report.BadRows[0].Line, report.BadRows[1].Line})
}

func TestEveryKindOfFileGivesTheSameRows(t *testing.T) {
	want := []Example{
		conversation("a", 1, "user", "Quins projectes?", "assistant", `{"a": 1}`),
		conversation("b", 2, "system", "Parse.", "user", "¿Y 2020?", "assistant", `{"a": 2}`),
	}
	rows := `{"id": "a", "messages": [{"role": "user", "content": "Quins projectes?"}, {"role": "assistant", "content": "{\"a\": 1}"}]}
{"id": "b", "messages": [{"role": "system", "content": "Parse."}, {"role": "user", "content": "¿Y 2020?"}, {"role": "assistant", "content": "{\"a\": 2}"}]}`
	for name, text := range map[string]string{
		"data.jsonl": rows + "\n", "lines.json": rows,
		"marked.jsonl": "\ufeff" + strings.ReplaceAll(rows, "\n", "\r\n\r\n"),
		"data.json":    "\n[" + strings.ReplaceAll(rows, "\n", ",\n") + "]\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := readText(t, &Config{}, Dataset{Type: "chat_template"}, name, text)
			require.NoError(t, err)
			for i := range got {
				got[i].Line = i + 1
			}
			require.Equal(t, want, got)
		})
	}
	t.Run("parquet", func(t *testing.T) {
		report := &DataReport{}
		got, err := (&Config{SkipBadRows: true}).ReadExamples(t.Context(), &Dataset{Path: "testdata/rows/chat.parquet", Type: "chat_template"}, report)
		require.NoError(t, err)
		for i := range got {
			got[i].File = ""
		}
		require.Equal(t, want, got)
		require.Equal(t, 3, report.BadRows[0].Line, "the third row has no messages")
	})
	t.Run("parquet tokens", func(t *testing.T) {
		got, err := (&Config{}).ReadExamples(t.Context(), &Dataset{Path: "testdata/rows/tokens.parquet"}, &DataReport{})
		require.NoError(t, err)
		require.Equal(t, []int32{1, 5, 7}, got[0].IDs)
		require.Equal(t, []int32{Ignore, 9}, got[1].Labels)
	})
}

func TestBrokenFilesAreErrorsWithTheirPlace(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"a list that ends early":     {"a.json", "[{\"text\": \"a\"},\n{\"text\": ", "a.json:2: the list of rows ends early: unexpected EOF"},
		"something after the list":   {"a.json", "[{\"text\": \"a\"}]\n[]", "a.json:2: something follows the list of rows"},
		"a parquet file that is not": {"a.parquet", "PAR1", "not a parquet file that can be read"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readText(t, &Config{SkipBadRows: true}, Dataset{Type: "completion"}, c.file, c.text)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestFoldersAreReadBySplitAndPattern(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"data/train-00000-of-00002.jsonl", "data/train-00001-of-00002.jsonl", "data/test-00000-of-00001.jsonl", "en/train.jsonl", ".cache/train.jsonl", "dataset_info.json", "README.md"} {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, 0o644))
	}
	for name, c := range map[string]struct {
		d    Dataset
		want []string
		err  string
	}{
		"train by default":        {want: []string{"data/train-00000-of-00002.jsonl", "data/train-00001-of-00002.jsonl", "en/train.jsonl"}},
		"another split":           {d: Dataset{Split: "test"}, want: []string{"data/test-00000-of-00001.jsonl"}},
		"a configuration":         {d: Dataset{Name: "en"}, want: []string{"en/train.jsonl"}},
		"files":                   {d: Dataset{DataFiles: []string{"data/*-00001-*.jsonl", "en/train.jsonl"}}, want: []string{"data/train-00001-of-00002.jsonl", "en/train.jsonl"}},
		"a split that is missing": {d: Dataset{Split: "validation"}, err: "no file of the split validation; the files are data/test-00000-of-00001.jsonl"},
		"a part of a split":       {d: Dataset{Split: "train[:10%]"}, err: "parts of a split cannot be chosen"},
		"files that are missing":  {d: Dataset{DataFiles: []string{"x.json"}}, err: "data_files: nothing matches x.json"},
		"no such configuration":   {d: Dataset{Name: "fr"}, err: "no .jsonl, .json or .parquet file to read"},
	} {
		t.Run(name, func(t *testing.T) {
			c.d.Path = folder
			got, err := dataFiles(t.Context(), &c.d, nil)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			for i := range got {
				got[i], err = filepath.Rel(folder, got[i])
				require.NoError(t, err)
			}
			require.Equal(t, c.want, got)
		})
	}

	require.NoError(t, os.WriteFile(filepath.Join(t.TempDir(), "x"), nil, 0o644))
	var asked hub.Request
	fetch := func(_ context.Context, q hub.Request) (string, error) {
		asked = q
		return folder, nil
	}
	got, err := dataFiles(t.Context(), &Dataset{Path: "org/name", Revision: "v1"}, fetch)
	require.NoError(t, err)
	require.Len(t, got, 3)
	require.Equal(t, hub.Request{Name: "org/name", Type: hub.Dataset, Revision: "v1", Allow: []string{"*.jsonl", "*.json", "*.parquet"}}, asked)

	_, err = dataFiles(t.Context(), &Dataset{Path: "absent/data.jsonl"}, fetch)
	require.ErrorIs(t, err, os.ErrNotExist, "a path with the ending of a file is never looked for on the hub")
	_, err = dataFiles(t.Context(), &Dataset{Path: "org/name"}, func(context.Context, hub.Request) (string, error) { return "", errors.New("offline") })
	require.EqualError(t, err, "dataset org/name: offline")
}

func FuzzRows(f *testing.F) {
	f.Add([]byte(`{"messages": [{"role": "user", "content": "x"}], "tools": "[]"}`), uint8(0))
	f.Add([]byte(`[{"conversations": [{"from": "gpt", "value": ["a"]}]}]`), uint8(1))
	f.Add([]byte(`{"input_ids": [1], "labels": [-100]}`), uint8(5))
	kinds := []string{"chat_template", "sharegpt", "alpaca", "completion", "input_output", ""}
	f.Fuzz(func(t *testing.T, text []byte, kind uint8) {
		path := filepath.Join(t.TempDir(), "data.json")
		require.NoError(t, os.WriteFile(path, text, 0o644))
		report := &DataReport{}
		d := &Dataset{Path: path, Type: kinds[int(kind)%len(kinds)], MessageFieldTraining: "train"}
		examples, err := (&Config{SkipBadRows: true}).ReadExamples(t.Context(), d, report)
		if err == nil {
			require.Equal(t, report.Rows, report.Bad+len(examples))
		}
		for _, e := range examples {
			require.Len(t, e.Train, len(e.Messages))
			require.Len(t, e.Labels, len(e.IDs))
		}
	})
}
