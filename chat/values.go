package chat

// From Go's values to those of templates.

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"

	"github.com/ajolote-ai/ajolote/chat/internal/jinja"
)

// value shows a Go value to a template. who is the author of the strings in it,
// 0 for nobody.
func value(v any, who int) (jinja.Value, error) {
	switch v := v.(type) {
	case nil, bool, int, float64:
		return v, nil
	case string:
		return jinja.Of(v, who), nil
	case float32:
		return float64(v), nil
	case int64:
		return number(json.Number(strconv.FormatInt(v, 10)))
	case int32:
		return int(v), nil
	case json.Number:
		return number(v)
	case json.RawMessage:
		decoded, err := decodeJSON(v)
		if err != nil {
			return nil, err
		}
		return value(decoded, who)
	case []any:
		list := &jinja.List{Who: who}
		for i, item := range v {
			one, err := value(item, who)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
			list.Items = append(list.Items, one)
		}
		return list, nil
	case []string:
		list := &jinja.List{Who: who}
		for _, item := range v {
			list.Items = append(list.Items, jinja.Of(item, who))
		}
		return list, nil
	case Fields:
		return object(v, who)
	case map[string]any:
		var fields Fields
		for _, name := range slices.Sorted(maps.Keys(v)) {
			fields = append(fields, Field{name, v[name]})
		}
		return object(fields, who)
	case []Message:
		list := &jinja.List{Who: who}
		for _, m := range v {
			one, err := object(m.object(), who)
			if err != nil {
				return nil, err
			}
			list.Items = append(list.Items, one)
		}
		return list, nil
	}
	return nil, fmt.Errorf("a %T can't be shown to a template: give strings, numbers, booleans, []any, map[string]any, chat.Fields or json.RawMessage", v)
}

func object(fields Fields, who int) (*jinja.Dict, error) {
	dict := &jinja.Dict{Who: who}
	for _, field := range fields {
		v, err := value(field.Value, who)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field.Name, err)
		}
		dict.Set(jinja.Text{S: field.Name}, v)
	}
	return dict, nil
}

// number is an int where JSON writes one, as in Python, else a float.
func number(n json.Number) (jinja.Value, error) {
	if i, err := strconv.Atoi(n.String()); err == nil {
		return i, nil
	}
	if i, ok := new(big.Int).SetString(n.String(), 10); ok {
		return i, nil
	}
	f, err := strconv.ParseFloat(n.String(), 64)
	if err != nil && f == 0 {
		return nil, err
	}
	return f, nil // too large is infinite, as in Python
}

// reasoningNames are the names that a message's reasoning goes by; templates
// read the first.
var reasoningNames = []string{"reasoning_content", "thinking", "reasoning"}

// headerNames are the keys that say who speaks: they are nobody's words.
var headerNames = []string{"role", "name", "tool_call_id"}

// messageValue shows message number i to the template, as transformers prepares
// it: keys without a value are dropped, reasoning goes by every name.
func messageValue(m Message, i int) (*jinja.Dict, error) {
	fields := slices.DeleteFunc(m.object(), func(f Field) bool { return f.Value == nil })
	for _, name := range reasoningNames {
		reasoning := fields.Get(name)
		if reasoning == nil {
			continue
		}
		if fields.Get("thinking") == nil {
			fields = append(Fields{{"thinking", reasoning}}, fields...)
		}
		if at := slices.IndexFunc(fields, func(f Field) bool { return f.Name == "reasoning_content" }); at >= 0 {
			fields[at].Value = reasoning
		} else {
			fields = append(fields, Field{"reasoning_content", reasoning})
		}
		break
	}
	dict := &jinja.Dict{Who: i + 1, Turn: true}
	for _, field := range fields {
		who := i + 1
		if slices.Contains(headerNames, field.Name) {
			who = 0
		}
		v, err := value(field.Value, who)
		if err != nil {
			return nil, fmt.Errorf("message %d, %s: %w", i+1, field.Name, err)
		}
		dict.Set(jinja.Text{S: field.Name}, v)
	}
	return dict, nil
}
