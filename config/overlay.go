package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// This file: values laid over a file, as --set key=value gives them.
//
//	learning_rate=1e-4
//	lora_target_modules=[q_proj, v_proj]     the value is YAML: a list
//	datasets[0].path=other.jsonl             one item; datasets.0.path is the same
//	datasets[1].path=more.jsonl              an index equal to the length appends an item
//	lora_rank_pattern."layers.0.q_proj"=8    a key that has a dot
//	wandb_project=                           no value: as if the file did not have the key
//
// Overrides are read by the same rules as the file, one after another; in errors their own text stands in place of a line.

// overlay puts one override into the tree.
func overlay(root *yaml.Node, text string, origins map[*yaml.Node]string) error {
	key, valueText, ok := cutOverride(text)
	if !ok {
		return errors.New("want key=value")
	}
	steps, err := parsePath(strings.TrimSpace(key))
	if err != nil {
		return err
	}
	value, err := overrideValue(valueText)
	if err != nil {
		return err
	}
	mark(value, text, origins)

	at, path := root, ""
	for i, s := range steps {
		path = s.after(path)
		slot, err := slotFor(at, s, path, text, origins)
		if err != nil {
			return err
		}
		if i == len(steps)-1 {
			**slot = *value
			mark(*slot, text, origins)
			return nil
		}
		if isNull(*slot) {
			kind := yaml.MappingNode
			if steps[i+1].isIndex {
				kind = yaml.SequenceNode
			}
			**slot = yaml.Node{Kind: kind}
			origins[*slot] = text
		}
		at = *slot
	}
	return nil
}

// slotFor finds the place of a step inside a node, and makes it when it is missing.
func slotFor(at *yaml.Node, s step, path, text string, origins map[*yaml.Node]string) (**yaml.Node, error) {
	if at.Kind == yaml.SequenceNode && !s.isIndex {
		if index, err := strconv.Atoi(s.key); err == nil && index >= 0 {
			s = step{index: index, isIndex: true}
		}
	}
	switch {
	case s.isIndex && at.Kind != yaml.SequenceNode:
		return nil, fmt.Errorf("%s is no list", parent(path))
	case s.isIndex:
		if s.index > len(at.Content) {
			return nil, fmt.Errorf("%s: the list has %d items; want an index from 0 to %d", path, len(at.Content), len(at.Content))
		}
		if s.index == len(at.Content) {
			at.Content = append(at.Content, &yaml.Node{})
		}
		return &at.Content[s.index], nil
	case at.Kind != yaml.MappingNode:
		return nil, fmt.Errorf("%s holds no keys", parent(path))
	}
	for i := 0; i+1 < len(at.Content); i += 2 {
		if at.Content[i].Value == s.key {
			return &at.Content[i+1], nil
		}
	}
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s.key}
	origins[key] = text
	at.Content = append(at.Content, key, &yaml.Node{})
	return &at.Content[len(at.Content)-1], nil
}

// cutOverride splits at the first equals sign outside quotes.
func cutOverride(text string) (key, value string, ok bool) {
	quoted := false
	for i, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case r == '=' && !quoted:
			return text[:i], text[i+1:], true
		}
	}
	return "", "", false
}

func overrideValue(text string) (*yaml.Node, error) {
	wrapped, fault := parse([]byte("value: " + text))
	if fault != nil || wrapped == nil || len(wrapped.Content) != 2 {
		// Not a value on one line, such as a path with a colon and a space: then it is meant as text.
		if strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{") {
			return nil, fmt.Errorf("the value is not YAML: %s", text)
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: text}, nil
	}
	return wrapped.Content[1], nil
}

// mark notes for a whole subtree which override it comes from.
func mark(n *yaml.Node, text string, origins map[*yaml.Node]string) {
	origins[n] = text
	for _, c := range n.Content {
		mark(c, text, origins)
	}
}
