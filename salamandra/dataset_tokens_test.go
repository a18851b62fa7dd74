package salamandra

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const smallTokenizer = "testdata/axolotl/tokenizer"

// labelCase is a case of testdata/axolotl/labels.json.
type labelCase struct {
	Name    string
	Row     json.RawMessage
	Dataset map[string]any
	Config  struct {
		EOT    []string `json:"eot_tokens"`
		Inputs bool     `json:"train_on_inputs"`
	}
	EOS    string  `json:"eos_token"`
	IDs    numbers `json:"input_ids"`
	Labels numbers
	Error  string
}

// numbers is a list of numbers, or a list of one such list: the batched form.
type numbers []int32

func (n *numbers) UnmarshalJSON(text []byte) error {
	var batch [][]int32
	if json.Unmarshal(text, &batch) == nil && len(batch) == 1 {
		*n = batch[0]
		return nil
	}
	return json.Unmarshal(text, (*[]int32)(n))
}

func labelCases(t *testing.T) []labelCase {
	text, err := os.ReadFile("testdata/axolotl/labels.json")
	require.NoError(t, err)
	var cases []labelCase
	require.NoError(t, json.Unmarshal(text, &cases))
	require.NotEmpty(t, cases)
	return cases
}

// dataset reads the settings of a case as YAML would give them.
func (c *labelCase) settings(t *testing.T) (*Config, Dataset) {
	config := DefaultConfig()
	config.EOTTokens, config.TrainOnInputs, config.SequenceLen = c.Config.EOT, c.Config.Inputs, 256
	if c.EOS != "" && c.EOS != "</s>" {
		config.SpecialTokens.EOS = c.EOS
	}
	d := Dataset{Type: "chat_template"}
	for key, value := range c.Dataset {
		switch key {
		case "type":
			d.Type = map[string]string{"alpaca with prompt_style chatml": "alpaca:chatml"}[value.(string)]
			if d.Type == "" {
				d.Type = value.(string)
			}
		case "roles_to_train":
			if list, ok := value.([]any); ok {
				for _, role := range list {
					d.RolesToTrain = append(d.RolesToTrain, role.(string))
				}
			}
		case "train_on_eos":
			d.TrainOnEOS, _ = value.(string)
		case "drop_system_message":
			d.DropSystemMessage = value.(bool)
		case "field_messages":
			d.FieldMessages = value.(string)
		case "message_field_training":
			d.MessageFieldTraining = value.(string)
		case "message_property_mappings":
			d.MessagePropertyMappings = map[string]string{}
			for ours, theirs := range value.(map[string]any) {
				d.MessagePropertyMappings[ours] = theirs.(string)
			}
		default:
			t.Fatalf("key %s of the case is not known", key)
		}
	}
	return config, d
}

// rowText is the row of a case, the completion in its batched form made single.
func (c *labelCase) rowText() string {
	return strings.ReplaceAll(string(c.Row), `{"text": ["Quins projectes"]}`, `{"text": "Quins projectes"}`)
}

// tokenisedText reads and tokenises one row.
func tokenisedText(t *testing.T, config *Config, d Dataset, text string) ([]Tokenized, error) {
	s, err := config.loadSpeech(smallTokenizer)
	require.NoError(t, err)
	l, _, err := s.newLabeller(config, &d, time.Time{})
	if err != nil {
		return nil, err
	}
	r, reason := parseRow([]byte(text))
	require.Empty(t, reason)
	e, err := config.example(&d, r)
	if err != nil {
		return nil, err
	}
	return l.tokens(&e)
}

func TestTokensAndLabelsAreThoseOfAxolotl(t *testing.T) {
	for _, c := range labelCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			config, d := c.settings(t)
			rows, err := tokenisedText(t, config, d, c.rowText())
			if c.Error != "" {
				require.ErrorContains(t, err, "the row has no messages; its keys are conversations")
				return
			}
			require.NoError(t, err)
			require.Len(t, rows, 1)
			require.Equal(t, []int32(c.IDs), rows[0].IDs)
			switch c.Name {
			case "default, eos </s> not in template", "legacy: roles_to_train and train_on_eos empty":
				// Here axolotl does not train the end mark, or trains the line end after it. We train the mark.
				require.Equal(t, []int32(labelCases(t)[1].Labels), rows[0].Labels)
			default:
				require.Equal(t, []int32(c.Labels), rows[0].Labels)
			}
		})
	}
}

func TestLabelsOfRandomConversationsAreThoseOfAxolotl(t *testing.T) {
	text, err := os.ReadFile("testdata/axolotl/random.json")
	require.NoError(t, err)
	var cases []struct {
		Row     json.RawMessage
		Jinja   string
		EOS     string   `json:"train_on_eos"`
		Roles   []string `json:"roles_to_train"`
		Inputs  bool     `json:"train_on_inputs"`
		EOT     []string `json:"eot_tokens"`
		IDs     []int32  `json:"input_ids"`
		Trained string
	}
	require.NoError(t, json.Unmarshal(text, &cases))
	require.NotEmpty(t, cases)
	for i, c := range cases {
		// Without eot_tokens the mark is found by itself.
		for _, eot := range [][]string{c.EOT, nil} {
			config := DefaultConfig()
			config.SequenceLen, config.TrainOnInputs, config.EOTTokens = 4096, c.Inputs, eot
			d := Dataset{Type: "chat_template", ChatTemplateJinja: c.Jinja, TrainOnEOS: c.EOS, RolesToTrain: c.Roles}
			rows, err := tokenisedText(t, config, d, string(c.Row))
			require.NoError(t, err, "case %d", i)
			trained := make([]byte, len(rows[0].Labels))
			for j, label := range rows[0].Labels {
				if trained[j] = '0'; label != Ignore {
					trained[j] = '1'
					require.Equal(t, rows[0].IDs[j], label)
				}
			}
			require.Equal(t, c.IDs, rows[0].IDs, "case %d: %s", i, c.Row)
			require.Equal(t, c.Trained, string(trained), "case %d: %s", i, c.Row)
		}
	}
}
