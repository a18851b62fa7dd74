package salamandra

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/chat"
	"github.com/ajolote-ai/ajolote/tokenizer"
)

// chatRow is a row of the training file with a system message, a question and an answer.
func chatRow(id, system, question, answer string) string {
	return fmt.Sprintf(`{"id": %q, "messages": [{"role": "system", "content": %q}, {"role": "user", "content": %q}, {"role": "assistant", "content": %q}]}`, id, system, question, answer)
}

// dataConfig is a configuration with one dataset of the given rows.
func dataConfig(t *testing.T, kind string, rows ...string) *Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(rows, "\n")), 0o644))
	c := DefaultConfig()
	c.Datasets = []Dataset{{Path: path, Type: kind}}
	return c
}

func loadData(t *testing.T, c *Config) *Data {
	t.Helper()
	data, err := c.LoadData(t.Context(), LoadOptions{Tokenizer: smallTokenizer})
	require.NoError(t, err)
	r := data.Report
	require.Equal(t, r.Rows+r.Cut, r.Bad+r.Duplicates+r.TooShort+r.TooLong+r.Untrained+r.Train+r.Validation, "the counts add up: %+v", r)
	require.Len(t, data.Train, r.Train)
	require.Len(t, data.Validation, r.Validation)
	return data
}

func names(rows []Tokenized) string {
	list := make([]string, len(rows))
	for i, r := range rows {
		list[i] = r.ID
	}
	return strings.Join(list, " ")
}

func numberedRows(n int) []string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = chatRow(fmt.Sprint(i), "Parse.", fmt.Sprintf("q %d", i), "{}")
	}
	return rows
}

func TestOrderAndSplitAreThoseOfAxolotl(t *testing.T) {
	// datasets.Dataset.shuffle(seed=42), then train_test_split(test_size=0.2, shuffle=False).
	c := dataConfig(t, "chat_template", numberedRows(12)...)
	c.ValSetSize = 0.2
	data := loadData(t, c)
	require.Equal(t, "0 7 6 9 11 3 5 2 4", names(data.Train))
	require.Equal(t, "10 1 8", names(data.Validation))

	c.ValSetSize = 2
	require.Equal(t, "1 8", names(loadData(t, c).Validation))
	c.CurriculumSampling = true
	require.Equal(t, "0 1 2 3 4 5 6 7 8 9", names(loadData(t, c).Train))
	c.CurriculumSampling, c.ShuffleMerged = false, false
	require.Equal(t, "10 11", names(loadData(t, c).Validation))
	c.ShuffleBeforeMerging = true
	require.Equal(t, "0 7 6 9 11 3 5 2 4 10", names(loadData(t, c).Train))

	c.ValSetSize = 12
	_, err := c.LoadData(t.Context(), LoadOptions{Tokenizer: smallTokenizer})
	require.EqualError(t, err, "val_set_size: 12 leaves nothing of 12 examples to train on")
}

func TestTestDatasetsAreTheValidation(t *testing.T) {
	c := dataConfig(t, "chat_template", numberedRows(3)...)
	c.TestDatasets = dataConfig(t, "chat_template", chatRow("v", "Parse.", "q", strings.Repeat("long ", 50)), chatRow("w", "Parse.", "q", "{}")).Datasets
	c.EvalSequenceLen = 60
	data := loadData(t, c)
	require.Len(t, data.Train, 3)
	require.Equal(t, "w", names(data.Validation))
	require.Equal(t, 1, data.Report.TooLong)
}

func TestNoRowIsLostSilently(t *testing.T) {
	long := strings.Repeat("projectes ", 200)
	rows := []string{
		chatRow("good", "Parse.", "q", "{}"), chatRow("same", "Parse.", "q", "{}"), chatRow("long", "Parse.", long, "{}"), "{broken",
		`{"id": "silent", "messages": [{"role": "user", "content": "no answer"}]}`, `{"id": "empty", "messages": []}`,
	}
	c := dataConfig(t, "chat_template", rows...)
	c.SkipBadRows, c.ExactDeduplication = true, true
	data := loadData(t, c)
	require.Equal(t, DataReport{Rows: 6, Bad: 2, Duplicates: 1, TooLong: 1, Untrained: 1, Train: 1, BadRows: data.Report.BadRows}, data.Report)
	require.Equal(t, "6 rows: 1 to train on, 2 bad and skipped, 1 duplicates dropped, 1 longer than sequence_len and dropped, 1 without a trained token and dropped", data.Report.String())

	c.ExcessLength = "truncate"
	data = loadData(t, c)
	require.Equal(t, 1, data.Report.Truncated)
	require.Equal(t, 2, data.Report.Untrained, "what is left of the long one has no answer")

	c.ExcessLength = "raise"
	_, err := c.LoadData(t.Context(), LoadOptions{Tokenizer: smallTokenizer})
	require.ErrorContains(t, err, "example long has")
	require.ErrorContains(t, err, "more than sequence_len (512)")

	c.SkipBadRows = false
	_, err = c.LoadData(t.Context(), LoadOptions{Tokenizer: smallTokenizer})
	require.ErrorContains(t, err, "data.jsonl:4: the row is not JSON")

	c = dataConfig(t, "chat_template", rows[4])
	_, err = c.LoadData(t.Context(), LoadOptions{Tokenizer: smallTokenizer})
	require.EqualError(t, err, "no example is left to train on: 1 rows: 0 to train on, 1 without a trained token and dropped")
}

func TestLongTextsAreCutAndNotDropped(t *testing.T) {
	c := dataConfig(t, "completion", `{"id": "t", "text": "`+strings.Repeat("Quins projectes hi ha? ", 20)+`"}`)
	c.SequenceLen, c.MinSampleLen = 16, 1
	data := loadData(t, c)
	require.Equal(t, data.Report.Cut+1, data.Report.Train)
	require.Greater(t, data.Report.Cut, 3)
	c.SequenceLen = 10000
	whole := loadData(t, c).Train[0].IDs
	c.SequenceLen, c.ShuffleMerged = 16, false
	var joined []int32
	for _, r := range loadData(t, c).Train {
		joined = append(joined, r.IDs...)
		require.LessOrEqual(t, len(r.IDs), 16)
	}
	require.Equal(t, whole, joined)
	require.True(t, data.BeginsWithBOS || data.Train[0].ID != "t+0")
}

func TestPreparedDataIsReadAgainUntilSomethingChanges(t *testing.T) {
	c := dataConfig(t, "chat_template", numberedRows(8)...)
	c.PreparedPath = filepath.Join(t.TempDir(), "prepared")
	c.ValSetSize = 2
	first := loadData(t, c)
	require.Empty(t, first.Notices)
	second := loadData(t, c)
	require.Len(t, second.Notices, 1)
	require.Contains(t, second.Notices[0], "tokenised data is taken from "+c.PreparedPath)
	second.Notices = nil
	require.Equal(t, first, second)

	files := func() []string {
		found, err := filepath.Glob(filepath.Join(c.PreparedPath, "*"))
		require.NoError(t, err)
		return found
	}
	require.Len(t, files(), 1)

	c.TrainOnInputs = true
	changed := loadData(t, c)
	require.Empty(t, changed.Notices, "a setting has changed")
	require.NotEqual(t, first.Hash, changed.Hash)
	c.TrainOnInputs = false

	require.NoError(t, os.WriteFile(c.Datasets[0].Path, []byte(strings.Join(numberedRows(9), "\n")), 0o644))
	require.Empty(t, loadData(t, c).Notices, "a file has changed")
	require.Len(t, files(), 3)

	for _, damage := range [][]byte{nil, []byte("rubbish"), {}} {
		for _, path := range files() {
			if damage == nil {
				text, err := os.ReadFile(path)
				require.NoError(t, err)
				text[len(text)-40] ^= 1 // in the ids or names
				require.NoError(t, os.WriteFile(path, text, 0o644))
			} else {
				require.NoError(t, os.WriteFile(path, damage, 0o644))
			}
		}
		data := loadData(t, c)
		require.Len(t, data.Train, 7)
	}
}

func TestTheSystemPromptThatAllExamplesShareIsKept(t *testing.T) {
	same := loadData(t, dataConfig(t, "chat_template", numberedRows(3)...))
	require.Equal(t, "Parse.", same.SystemPrompt)
	require.False(t, same.BeginsWithBOS)
	require.Contains(t, same.Template, "<|im_start|>")

	differ := dataConfig(t, "chat_template", append(numberedRows(2), chatRow("x", "Other.", "q", "{}"))...)
	require.Empty(t, loadData(t, differ).SystemPrompt)

	without := dataConfig(t, "chat_template", `{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "{}"}]}`)
	require.Empty(t, loadData(t, without).SystemPrompt)
	without.DefaultSystemMessage = "Parse."
	data := loadData(t, without)
	require.Equal(t, "Parse.", data.SystemPrompt)
	require.Equal(t, loadData(t, dataConfig(t, "chat_template", chatRow("x", "Parse.", "q", "{}"))).Train[0].IDs, data.Train[0].IDs)
}

func TestATemplateWithoutEndMarkIsAnError(t *testing.T) {
	c := dataConfig(t, "chat_template", numberedRows(1)...)
	c.SkipBadRows = true
	c.ChatTemplateJinja = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"
	_, err := c.LoadData(t.Context(), LoadOptions{Tokenizer: smallTokenizer})
	require.ErrorContains(t, err, "data.jsonl:1: no end mark follows an answer, so the model would not learn to stop")

	c.Datasets[0].TrainOnEOT = "none"
	require.Len(t, loadData(t, c).Train, 1)

	c = dataConfig(t, "chat_template", numberedRows(1)...)
	c.EOTTokens = []string{"<s>"}
	_, err = c.LoadData(t.Context(), LoadOptions{Tokenizer: smallTokenizer})
	require.ErrorContains(t, err, "no end mark follows an answer")
	c.EOTTokens = []string{"projectes i"}
	_, err = c.LoadData(t.Context(), LoadOptions{Tokenizer: smallTokenizer})
	require.ErrorContains(t, err, "eot_tokens: projectes i is")
	c.EOTTokens = []string{"</s>"}
	c.Datasets[0].TrainOnEOS, c.Datasets[0].TrainOnEOT = "turn", "none"
	_, err = c.LoadData(t.Context(), LoadOptions{Tokenizer: smallTokenizer})
	require.ErrorContains(t, err, "train_on_eos is turn and train_on_eot none, yet </s> is the mark of both")
}

func TestTemplatesByName(t *testing.T) {
	chatml := loadData(t, dataConfig(t, "chat_template", numberedRows(1)...)).Train[0]
	for name, change := range map[string]func(*Config){
		"chatml":          func(c *Config) { c.ChatTemplate = "chatml" },
		"of the dataset":  func(c *Config) { c.ChatTemplate, c.Datasets[0].ChatTemplate = "llama3", "chatml" },
		"the tokenizer's": func(c *Config) { c.ChatTemplate = "tokenizer_default_fallback_llama3" },
		"a file":          func(c *Config) { c.ChatTemplateJinja = smallTokenizer + "/chat_template.jinja" },
	} {
		t.Run(name, func(t *testing.T) {
			c := dataConfig(t, "chat_template", numberedRows(1)...)
			change(c)
			require.Equal(t, chatml, loadData(t, c).Train[0])
		})
	}
	c := dataConfig(t, "chat_template", numberedRows(1)...)
	c.ChatTemplateJinja = "absent.jinja"
	_, err := c.LoadData(t.Context(), LoadOptions{Tokenizer: smallTokenizer})
	require.ErrorContains(t, err, "chat_template_jinja is neither a template nor a file that can be read")
	c.ChatTemplateJinja = "{% for %}"
	_, err = c.LoadData(t.Context(), LoadOptions{Tokenizer: smallTokenizer})
	require.ErrorContains(t, err, "chat_template jinja: ")

	c = dataConfig(t, "chat_template", numberedRows(1)...)
	c.ChatTemplate = "llama3"
	s, err := c.loadSpeech(smallTokenizer)
	require.NoError(t, err)
	template, _, err := s.template(c, &c.Datasets[0])
	require.NoError(t, err)
	e := conversation("x", 1, "user", " q ", "assistant", "a")
	text, err := template.Apply(e.Messages, chat.Options{Vars: s.vars(c)})
	require.NoError(t, err)
	require.Equal(t, "<s><|start_header_id|>user<|end_header_id|>\n\nq<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\na<|eot_id|>", text)
}

func TestSpecialTokensMustBeInTheVocabulary(t *testing.T) {
	c := dataConfig(t, "chat_template", numberedRows(1)...)
	c.SpecialTokens.EOS = "<|nothing|>"
	_, err := c.LoadData(t.Context(), LoadOptions{Tokenizer: smallTokenizer})
	require.ErrorContains(t, err, "special_tokens.eos_token: <|nothing|> is not in the vocabulary")
	c.SpecialTokens = SpecialTokens{Additional: []string{"<|im_end|>", "<|more|>"}}
	_, err = c.LoadData(t.Context(), LoadOptions{Tokenizer: smallTokenizer})
	require.ErrorContains(t, err, "special_tokens.additional_special_tokens: <|more|> is not in the vocabulary")
}

func TestAConversationThatTheTemplateRefusesIsABadRow(t *testing.T) {
	c := dataConfig(t, "chat_template", append(numberedRows(1), `{"messages": [{"role": "wizard", "content": "q"}, {"role": "assistant", "content": "a"}]}`)...)
	c.ChatTemplateJinja = "{% for m in messages %}{% if m['role'] == 'wizard' %}{{ raise_exception('no wizards') }}{% endif %}{{ m['role'] + ' ' + m['content'] + '<|im_end|>' }}{% endfor %}"
	_, err := c.LoadData(t.Context(), LoadOptions{Tokenizer: smallTokenizer})
	var bad *BadRowError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, 2, bad.Line)
	require.Equal(t, "the chat template refuses this conversation: no wizards", bad.Reason)
	c.SkipBadRows = true
	data := loadData(t, c)
	require.Equal(t, 1, data.Report.Bad)
	require.Equal(t, 1, data.Report.Train)
}

func TestATemplateThatPrintsTheDateIsPreparedAnewEachDay(t *testing.T) {
	c := dataConfig(t, "chat_template", numberedRows(2)...)
	c.PreparedPath = t.TempDir()
	c.ChatTemplateJinja = "{{ strftime_now('%d') }}{% for m in messages %}{{ m['role'] + ' ' + m['content'] + '<|im_end|>' }}{% endfor %}"
	hashes := map[string]bool{}
	for _, day := range []int{1, 1, 2} {
		data, err := c.LoadData(t.Context(), LoadOptions{Tokenizer: smallTokenizer, Now: time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC)})
		require.NoError(t, err)
		hashes[data.Hash] = true
	}
	require.Len(t, hashes, 2)
}

func TestMasksShowWhatCounts(t *testing.T) {
	data := loadData(t, dataConfig(t, "chat_template", chatRow("x", "Parse.", "Quins projectes?", `{"a": "é 😀"}`)))
	tok, err := tokenizer.Load(smallTokenizer)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, ShowMasks(&out, tok, data.Train, 5))
	require.Regexp(t, `^--- x: \d+ tokens, \d+ trained\n`, out.String())
	_, shown, _ := strings.Cut(out.String(), "\n")
	require.Equal(t, "<|im_start|>system\nParse.<|im_end|>\n<|im_start|>user\nQuins projectes?<|im_end|>\n<|im_start|>assistant\n⟦{\"a\": \"é 😀\"}<|im_end|>⟧\n\n", shown)
}

// BenchmarkLoadData tokenises rows of the query parser's shape: a long prompt, a short question, a JSON answer.
func BenchmarkLoadData(b *testing.B) {
	prompt, rows := strings.Repeat("Convert the question into JSON for a search of projects. ", 60), make([]string, 500)
	for i := range rows {
		rows[i] = chatRow(fmt.Sprint(i), prompt, fmt.Sprintf("projectes sobre purins %d", i), strings.Repeat("{\n  \"year\": null\n}", 20))
	}
	path := filepath.Join(b.TempDir(), "data.jsonl")
	require.NoError(b, os.WriteFile(path, []byte(strings.Join(rows, "\n")), 0o644))
	c := DefaultConfig()
	c.Datasets, c.SequenceLen = []Dataset{{Path: path, Type: "chat_template"}}, 8192
	tokens := 0
	for b.Loop() {
		data, err := c.LoadData(b.Context(), LoadOptions{Tokenizer: smallTokenizer})
		require.NoError(b, err)
		for _, r := range data.Train {
			tokens += len(r.IDs)
		}
	}
	b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
}
