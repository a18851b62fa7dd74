package salamandra

import (
	"strings"

	"github.com/ajolote-ai/ajolote/config"
)

// Dataset is an entry of datasets or test_datasets.
type Dataset struct {
	// File, folder of files, or name on the hub.
	Path string `yaml:"path"`
	// Shape of the rows: chat_template, sharegpt (conversations), alpaca, completion, input_output; absent: rows that are
	// tokenised already.
	Type string `yaml:"type"`
	// Kind of the files: json (also JSON lines), parquet. Absent: by the ends of their names.
	DSType string `yaml:"ds_type" accept:"|json|jsonl|parquet"`
	// Files to read inside a folder or hub repository.
	DataFiles config.Strings `yaml:"data_files"`
	// Part of a hub dataset: train by default.
	Split string `yaml:"split"`
	// Configuration of a hub dataset.
	Name string `yaml:"name"`
	// Revision of a hub dataset.
	Revision string `yaml:"revision"`

	// Key of a row that holds the messages. Absent: messages; conversations for sharegpt.
	FieldMessages string `yaml:"field_messages"`
	// Keys of a message, under our names role and content. Absent: role and content; from and value for sharegpt.
	MessagePropertyMappings map[string]string `yaml:"message_property_mappings"`
	// Old spelling of message_property_mappings.role.
	MessageFieldRole string `yaml:"message_field_role"`
	// Old spelling of message_property_mappings.content.
	MessageFieldContent string `yaml:"message_field_content"`
	// Roles, each with the names it has in the rows. Absent: user (human, user), assistant (gpt, assistant), system, tool.
	Roles map[string][]string `yaml:"roles"`
	// Roles whose messages count in the loss. Absent: assistant.
	RolesToTrain []string `yaml:"roles_to_train"`
	// Which end-of-sequence tokens count: those of trained turns, of all turns, of the last, or none. Absent: turn.
	TrainOnEOS string `yaml:"train_on_eos" accept:"|all|turn|last|none"`
	// The same for end-of-turn marks. Absent: as train_on_eos.
	TrainOnEOT string `yaml:"train_on_eot" accept:"|all|turn|last|none"`
	// Key of a message that says whether it counts; stronger than the role.
	MessageFieldTraining string `yaml:"message_field_training"`
	// Leave system messages out.
	DropSystemMessage bool `yaml:"drop_system_message"`
	// Chat template of this dataset, as the key of the same name at the top.
	ChatTemplate string `yaml:"chat_template"`
	// Its Jinja text or file.
	ChatTemplateJinja string `yaml:"chat_template_jinja"`
	// Key of a row that holds the tools. Absent: tools.
	FieldTools string `yaml:"field_tools"`
	// Key of a row that holds the text of a completion. Absent: text.
	Field string `yaml:"field"`
	// What sharegpt called the chat template: chatml, llama3.
	Conversation string `yaml:"conversation"`
}

// format takes the kind of rows and the prompt style out of type: alpaca:chatml is alpaca and chatml, sharegpt.load_role is
// sharegpt and load_role.
func (d *Dataset) format() (kind, style string) {
	kind, style, found := strings.Cut(d.Type, ":")
	if !found && strings.HasPrefix(kind, "sharegpt") {
		kind, style, _ = strings.Cut(kind, ".")
	}
	return kind, style
}

// Kinds of rows.
const (
	kindChat        = "chat_template"
	kindShareGPT    = "sharegpt"
	kindAlpaca      = "alpaca"
	kindCompletion  = "completion"
	kindInputOutput = "input_output"
	kindTokenised   = ""
)

// messagesKey is the key of a row that holds its messages.
func (d *Dataset) messagesKey() string {
	if d.FieldMessages != "" {
		return d.FieldMessages
	}
	if kind, _ := d.format(); kind == kindShareGPT {
		return "conversations"
	}
	return "messages"
}

// messageKey is the key of a message under our name (role, content, tool_calls …).
func (d *Dataset) messageKey(name string) string {
	old := map[string]string{"role": d.MessageFieldRole, "content": d.MessageFieldContent}[name]
	switch kind, style := d.format(); {
	case d.MessagePropertyMappings[name] != "":
		return d.MessagePropertyMappings[name]
	case old != "":
		return old
	case kind == kindShareGPT && style == "load_role":
		return map[string]string{"role": "role", "content": "value"}[name]
	case kind == kindShareGPT && name == "role":
		return "from"
	case kind == kindShareGPT && name == "content":
		return "value"
	}
	return name
}

// template is the name of the chat template and its Jinja text or file.
func (c *Config) template(d *Dataset) (name, jinja string) {
	name, jinja = d.ChatTemplate, d.ChatTemplateJinja
	if name == "" && jinja == "" {
		name = d.Conversation
		if kind, style := d.format(); kind == kindShareGPT && style == "chatml" {
			name = style
		}
	}
	if name == "" && jinja == "" {
		name, jinja = c.ChatTemplate, c.ChatTemplateJinja
	}
	if jinja != "" {
		return "jinja", jinja
	}
	if name == "" {
		name = "tokenizer_default"
	}
	return name, ""
}

// role maps the name of a role in the rows to ours; a name that no role lists stays as it is.
func (d *Dataset) role(name string) string {
	if d.Roles != nil {
		for role, names := range d.Roles {
			for _, n := range names {
				if n == name {
					return role
				}
			}
		}
		return name
	}
	switch name {
	case "human":
		return "user"
	case "gpt":
		return "assistant"
	}
	return name
}

// trains tells whether messages of a role count in the loss.
func (d *Dataset) trains(role string) bool {
	if d.RolesToTrain == nil {
		return role == "assistant"
	}
	for _, r := range d.RolesToTrain {
		if d.role(r) == role {
			return true
		}
	}
	return false
}
