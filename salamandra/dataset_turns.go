package salamandra

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/chat"
)

// This file: from a row of messages to an example: conversations, their roles, texts and tools. What the keys mean is axolotl 0.19's.

// conversation reads a row of messages.
func (c *Config) conversation(d *Dataset, r row) (Example, error) {
	key, roleKey, contentKey := d.messagesKey(), d.messageKey("role"), d.messageKey("content")
	if _, ok := r[key]; !ok && key == "conversations" && r["messages"] != nil { // such rows need no translation
		key, roleKey, contentKey = "messages", "role", "content"
	}
	raw, ok := r[key]
	if !ok || isNull(raw) {
		return Example{}, fmt.Errorf("the row has no %s; its keys are %s; see field_messages", key, r.keys())
	}
	if jsonKind(raw) == "a text" { // some tables hold the list as text
		var inner string
		if err := json.Unmarshal(raw, &inner); err != nil {
			return Example{}, fmt.Errorf("%s: %w", key, err)
		}
		raw = json.RawMessage(inner)
	}
	var objects []chat.Fields
	if err := json.Unmarshal(raw, &objects); err != nil {
		return Example{}, fmt.Errorf("%s is no list of objects: %w", key, err)
	}
	if len(objects) == 0 {
		return Example{}, fmt.Errorf("%s is empty", key)
	}
	e := Example{}
	for i, o := range objects {
		message, train, err := c.message(d, o, roleKey, contentKey)
		if err != nil {
			return Example{}, fmt.Errorf("%s[%d]: %w", key, i, err)
		}
		e.Messages, e.Train = append(e.Messages, message), append(e.Train, train)
	}
	return e, c.finishConversation(d, r, &e)
}

// finishConversation puts in what stands beside the messages of a row: a system message, tools.
func (c *Config) finishConversation(d *Dataset, r row, e *Example) error {
	system, err := r.optionalText("system")
	if err != nil {
		return err
	}
	if system != "" && e.Messages[0].Role != "system" {
		e.Messages = append([]chat.Message{{Role: "system", Content: system}}, e.Messages...)
		e.Train = append([]bool{c.TrainOnInputs || d.trains("system")}, e.Train...)
	}
	if d.DropSystemMessage && e.Messages[0].Role == "system" {
		e.Messages, e.Train = e.Messages[1:], e.Train[1:]
		if len(e.Messages) == 0 {
			return errors.New("the row has only a system message, and drop_system_message is set")
		}
	}
	key := d.FieldTools
	if key == "" {
		key = "tools"
	}
	if raw, ok := r[key]; ok && !isNull(raw) {
		if e.Tools, err = tools(raw); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// message reads one message; train tells whether its words count in the loss.
func (c *Config) message(d *Dataset, o chat.Fields, roleKey, contentKey string) (m chat.Message, train bool, err error) {
	role, ok := o.Get(roleKey).(string)
	if !ok || role == "" {
		return m, false, fmt.Errorf("the message has no %s; its keys are %s", roleKey, fieldNames(o))
	}
	m.Role = d.role(role)
	train = c.TrainOnInputs || d.trains(m.Role)
	hasContent := false
	for _, f := range o {
		switch {
		case f.Value == nil || f.Name == roleKey:
		case f.Name == contentKey:
			hasContent = true
			if m.Content, err = contentText(f.Value); err != nil {
				return m, false, fmt.Errorf("%s: %w", contentKey, err)
			}
		case f.Name == d.MessageFieldTraining:
			if train, ok = f.Value.(bool); !ok {
				return m, false, fmt.Errorf("%s is neither true nor false", f.Name)
			}
		case f.Name == "tool_calls":
			calls, err := toolCalls(f.Value)
			if err != nil {
				return m, false, fmt.Errorf("tool_calls: %w", err)
			}
			hasContent = true
			m.Fields = append(m.Fields, chat.Field{Name: f.Name, Value: calls})
		default:
			m.Fields = append(m.Fields, chat.Field{Name: d.ourName(f.Name), Value: f.Value})
		}
	}
	if !hasContent {
		return m, false, fmt.Errorf("the message has no %s; its keys are %s", contentKey, fieldNames(o))
	}
	return m, train, nil
}

// ourName is the name that message_property_mappings gives a key of a message.
func (d *Dataset) ourName(key string) string {
	for _, ours := range slices.Sorted(maps.Keys(d.MessagePropertyMappings)) {
		if d.MessagePropertyMappings[ours] == key {
			return ours
		}
	}
	return key
}

func fieldNames(o chat.Fields) string {
	names := make([]string, len(o))
	for i, f := range o {
		names[i] = f.Name
	}
	return listed(names)
}

// contentText reads the content of a message: a text, or a list of parts that are texts.
func contentText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case []any:
		var b strings.Builder
		for i, part := range v {
			o, _ := part.(chat.Fields)
			text, ok := o.Get("text").(string)
			if kind, _ := o.Get("type").(string); !ok || kind != "text" && kind != "" {
				return "", fmt.Errorf("part %d is no text; only texts can be trained on", i)
			}
			if train, ok := o.Get("train").(bool); ok && !train || o.Get("weight") != nil {
				return "", fmt.Errorf("part %d is weighted; whole messages are trained on or not, see message_field_training", i)
			}
			b.WriteString(text)
		}
		return b.String(), nil
	}
	return "", errors.New("the content is neither a text nor a list of parts")
}

// toolCalls reads arguments that are JSON in a text, as OpenAI writes them, since templates expect them as objects.
func toolCalls(v any) (any, error) {
	calls, ok := v.([]any)
	if !ok {
		return nil, errors.New("want a list")
	}
	for i, call := range calls {
		o, _ := call.(chat.Fields)
		function, _ := o.Get("function").(chat.Fields)
		for j, f := range function {
			text, ok := f.Value.(string)
			if f.Name != "arguments" || !ok {
				continue
			}
			var arguments chat.Fields
			if err := json.Unmarshal([]byte(text), &arguments); err != nil {
				return nil, fmt.Errorf("[%d]: arguments are not JSON: %w", i, err)
			}
			function[j].Value = arguments
		}
	}
	return calls, nil
}

// tools reads a list of function descriptions, or a text that holds one.
func tools(raw json.RawMessage) ([]json.RawMessage, error) {
	if jsonKind(raw) == "a text" {
		var inner string
		if err := json.Unmarshal(raw, &inner); err != nil {
			return nil, err
		}
		raw = json.RawMessage(inner)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("want a list of functions: %w", err)
	}
	return list, nil
}
