package config

import (
	"errors"
	"fmt"
	"reflect"

	"gopkg.in/yaml.v3"
)

// decoder walks the tree beside the struct and fills it; what it cannot read becomes a fault and leaves the default.
type decoder struct {
	document *Document
	rules    []Rule
	origins  map[*yaml.Node]string
	faults   Faults
}

func (d *decoder) place(n *yaml.Node) place {
	if text, ok := d.origins[n]; ok {
		return place{override: text}
	}
	return place{line: n.Line}
}

func (d *decoder) fault(n *yaml.Node, f Fault) {
	at := d.place(n)
	f.Line, f.Override = at.line, at.override
	d.faults = append(d.faults, f)
}

func (d *decoder) notice(n *yaml.Node, key, text string) {
	at := d.place(n)
	d.document.Notices = append(d.document.Notices, Notice{Line: at.line, Override: at.override, Key: key, Text: text})
}

// structure reads a mapping into a struct.
func (d *decoder) structure(n *yaml.Node, into reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.fault(n, Fault{Key: path, Value: written(n), Accepts: "a mapping (key: value)"})
		return
	}
	fields := map[string]field{}
	for _, f := range fieldsOf(into.Type()) {
		fields[f.key] = f
	}
	d.pairs(n, path, func(key string, keyNode, value *yaml.Node) {
		at := join(path, key)
		if f, ok := fields[key]; ok {
			d.value(value, into.Field(f.index), at, f.limit)
			return
		}
		d.otherKey(n, keyNode, value, into, path, fields)
	})
}

// otherKey deals with a key that is no field: by a rule, or as unknown.
func (d *decoder) otherKey(mapping, keyNode, value *yaml.Node, into reflect.Value, path string, fields map[string]field) {
	key := keyNode.Value
	at := join(path, key)
	rule, known := ruleFor(d.rules, general(at), value)
	switch {
	case !known:
		d.fault(keyNode, Fault{Key: at, Value: written(value), Problem: "no such key" + suggestion(key, general(path), fields, d.rules)})
	case !rule.concerns(value):
	case rule.Do == Ignore:
		d.notice(keyNode, at, "has no effect here: "+rule.Why)
	case rule.Do == Refuse:
		d.fault(keyNode, Fault{Key: at, Value: written(value), Problem: fmt.Sprintf("%s is refused: %s", written(value), rule.Why)})
	case rule.Do == Rename:
		if present := lookup(mapping, rule.To); present != nil && !isNull(present) {
			d.fault(keyNode, Fault{Key: at, Value: written(value), Problem: fmt.Sprintf("is the old name of %s, which is set too (line %d); keep one", rule.To, present.Line)})
			return
		}
		f, ok := fields[rule.To]
		if !ok {
			panic(fmt.Sprintf("config: the rule for %s names %s, which is no field", rule.Key, rule.To))
		}
		d.notice(keyNode, at, "is now called "+rule.To)
		renamed := join(path, rule.To)
		d.document.places[renamed], d.document.isSet[renamed] = d.place(keyNode), true
		d.value(value, into.Field(f.index), renamed, f.limit)
	}
}

// pairs visits the keys of a mapping that have a value, in the order of the file. A key that comes a second time is a fault.
func (d *decoder) pairs(n *yaml.Node, path string, visit func(key string, keyNode, value *yaml.Node)) {
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			d.fault(key, Fault{Key: path, Problem: "a key is a list or a mapping; want a word"})
			continue
		}
		at := join(path, key.Value)
		if first, ok := seen[key.Value]; ok {
			d.fault(key, Fault{Key: at, Value: written(value), Problem: fmt.Sprintf("occurs twice, first in line %d; keep one", first.Line)})
			continue
		}
		seen[key.Value] = key
		d.document.places[at] = d.place(key)
		if text, ok := d.origins[value]; ok {
			d.document.places[at] = place{override: text}
		}
		if isNull(value) {
			continue
		}
		d.document.isSet[at] = true
		visit(key.Value, key, value)
	}
}

// value reads a node into a value of any type.
func (d *decoder) value(n *yaml.Node, into reflect.Value, path string, l limit) {
	if u, ok := into.Addr().Interface().(yaml.Unmarshaler); ok {
		d.custom(n, into, u, path, l)
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(into.Type().Elem())
		before := len(d.faults)
		d.value(n, fresh.Elem(), path, l)
		if len(d.faults) == before {
			into.Set(fresh)
		}
	case reflect.Struct:
		d.structure(n, into, path)
	case reflect.Slice:
		d.list(n, into, path, l)
	case reflect.Map:
		d.mapping(n, into, path, l)
	case reflect.Interface:
		if x := d.free(n, path); x != nil {
			into.Set(reflect.ValueOf(x))
		}
	default:
		if err := readScalar(n, into); err != nil {
			d.fault(n, Fault{Key: path, Value: written(n), Accepts: l.describe(into.Type())})
		}
	}
}

// custom reads a type that has a YAML form of its own. A fault that it returns keeps its Problem; another error is one.
func (d *decoder) custom(n *yaml.Node, into reflect.Value, u yaml.Unmarshaler, path string, l limit) {
	err := u.UnmarshalYAML(n)
	if err == nil {
		return
	}
	fault := Fault{Accepts: l.describe(into.Type())}
	if !errors.As(err, &fault) && !errors.Is(err, ErrType) {
		fault = Fault{Problem: err.Error()}
	}
	fault.Key, fault.Value = path, written(n)
	d.fault(n, fault)
}

// ErrType is what an UnmarshalYAML returns when the value is not of its kind: the fault then says what Accepts says.
var ErrType = errors.New("not of this type")

func (d *decoder) list(n *yaml.Node, into reflect.Value, path string, l limit) {
	if n.Kind != yaml.SequenceNode {
		d.fault(n, Fault{Key: path, Value: written(n), Accepts: l.describe(into.Type())})
		return
	}
	items := reflect.MakeSlice(into.Type(), len(n.Content), len(n.Content))
	for i, c := range n.Content {
		at := item(path, i)
		d.document.places[at] = d.place(c)
		d.document.isSet[at] = true
		if isNull(c) && into.Type().Elem().Kind() != reflect.Interface {
			d.fault(c, Fault{Key: at, Problem: "the item is empty", Accepts: l.describe(into.Type().Elem())})
			continue
		}
		d.value(c, items.Index(i), at, l)
	}
	into.Set(items)
}

func (d *decoder) mapping(n *yaml.Node, into reflect.Value, path string, l limit) {
	if n.Kind != yaml.MappingNode {
		d.fault(n, Fault{Key: path, Value: written(n), Accepts: l.describe(into.Type())})
		return
	}
	entries := reflect.MakeMapWithSize(into.Type(), len(n.Content)/2)
	d.pairs(n, path, func(key string, _, value *yaml.Node) {
		entry := reflect.New(into.Type().Elem()).Elem()
		d.value(value, entry, join(path, key), l)
		entries.SetMapIndex(reflect.ValueOf(key).Convert(into.Type().Key()), entry)
	})
	into.Set(entries)
}

// free reads a value of no given type: map[string]any, []any, string, bool, int64, float64 or nil.
func (d *decoder) free(n *yaml.Node, path string) any {
	switch n.Kind {
	case yaml.MappingNode:
		entries := map[string]any{}
		d.pairs(n, path, func(key string, _, value *yaml.Node) { entries[key] = d.free(value, join(path, key)) })
		return entries
	case yaml.SequenceNode:
		items := make([]any, len(n.Content))
		for i, c := range n.Content {
			items[i] = d.free(c, item(path, i))
		}
		return items
	}
	if isNull(n) {
		return nil
	}
	v, err := freeScalar(n)
	if err != nil {
		d.fault(n, Fault{Key: path, Value: written(n), Problem: err.Error()})
	}
	return v
}

// written shows a node as a message quotes it.
func written(n *yaml.Node) string {
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value
	case yaml.SequenceNode:
		return fmt.Sprintf("a list of %d", len(n.Content))
	case yaml.MappingNode:
		return "a mapping"
	}
	return ""
}
