package chat

// Conversations as data sets and programs give them.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// A Message is one turn of a conversation.
type Message struct {
	// Role is who speaks: "system", "user", "assistant", "tool", or what else
	// the template knows.
	Role string
	// Content is the text. Content in another form (a list of parts) stands in
	// Fields under the name "content", and then this is empty.
	Content string
	// Fields are the further keys of the message, which templates look at:
	// "tool_calls", "tool_call_id", "name", "reasoning_content", ... A field
	// that is nil counts as absent, as it does in transformers.
	Fields Fields

	// order is the order of the keys in the JSON that the message was read
	// from, for templates that print whole messages; nil is role, content,
	// Fields.
	order []string
}

// Fields is a JSON object that keeps the order of its keys, which templates
// that print objects show.
type Fields []Field

// A Field is one key of an object. Its value is a nil, bool, string, integer,
// float, [json.Number], []any, map[string]any (shown in the order of its sorted
// keys), Fields, or json.RawMessage.
type Field struct {
	Name  string
	Value any
}

// Get returns the value of a name, or nil.
func (f Fields) Get(name string) any {
	for _, field := range f {
		if field.Name == name {
			return field.Value
		}
	}
	return nil
}

// MarshalJSON writes the object in its order.
func (f Fields) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for i, field := range f {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(field.Name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(field.Value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads an object and keeps its order, in nested objects too
// (they become Fields; arrays []any, numbers [json.Number]). Of a key that
// stands there twice the last value counts, at the place of the first.
func (f *Fields) UnmarshalJSON(text []byte) error {
	v, err := decodeJSON(text)
	if err != nil {
		return err
	}
	object, ok := v.(Fields)
	if !ok && v != nil {
		return fmt.Errorf("an object is expected, not %s", kindOf(v))
	}
	*f = object
	return nil
}

// UnmarshalJSON reads a message as data sets hold it: "role", "content", and
// any other keys. Without "role" or "content" these are empty.
func (m *Message) UnmarshalJSON(text []byte) error {
	var all Fields
	if err := all.UnmarshalJSON(text); err != nil {
		return fmt.Errorf("a message: %w", err)
	}
	*m = Message{}
	for _, field := range all {
		m.order = append(m.order, field.Name)
		switch text, isText := field.Value.(string); {
		case field.Name == "role" && isText:
			m.Role = text
		case field.Name == "role":
			return fmt.Errorf("a message's role must be a string, not %s", kindOf(field.Value))
		case field.Name == "content" && isText:
			m.Content = text
		default:
			m.Fields = append(m.Fields, field)
		}
	}
	return nil
}

// MarshalJSON is the inverse of UnmarshalJSON.
func (m Message) MarshalJSON() ([]byte, error) { return m.object().MarshalJSON() }

// object is the message as templates see it: one object in its order.
func (m Message) object() Fields {
	all := Fields{{"role", m.Role}, {"content", m.Content}}
	for _, field := range m.Fields {
		if i := slices.IndexFunc(all, func(f Field) bool { return f.Name == field.Name }); i >= 0 {
			all[i].Value = field.Value
		} else {
			all = append(all, field)
		}
	}
	if m.order == nil {
		return all
	}
	sorted := make(Fields, 0, len(all))
	for _, name := range m.order {
		if i := slices.IndexFunc(all, func(f Field) bool { return f.Name == name }); i >= 0 {
			sorted = append(sorted, all[i])
			all = slices.Delete(all, i, i+1)
		}
	}
	// What was set after reading; role and content only if they say something.
	for _, field := range all {
		if (field.Name != "role" && field.Name != "content") || field.Value != "" {
			sorted = append(sorted, field)
		}
	}
	return sorted
}

// decodeJSON reads one JSON value: objects as Fields, arrays as []any, numbers
// as json.Number.
func decodeJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := decodeValue(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return v, nil
}

func decodeValue(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		object := Fields{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := decodeValue(d)
			if err != nil {
				return nil, err
			}
			if i := slices.IndexFunc(object, func(f Field) bool { return f.Name == name }); i >= 0 {
				object[i].Value = v
			} else {
				object = append(object, Field{name.(string), v})
			}
		}
		_, err := d.Token()
		return object, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := decodeValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	}
	return t, nil
}

// kindOf names a JSON value's kind for errors.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case []any:
		return "an array"
	case Fields, map[string]any:
		return "an object"
	}
	return "a number"
}
