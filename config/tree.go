package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// This file: from text to a tree of yaml.v3 nodes without aliases or merge keys. https://yaml.org/type/merge.html

const (
	maxNodes = 200_000 // after following aliases; stops the file of ten lines that unfolds to gigabytes
	maxDepth = 200
)

// readTree parses text, lays the overrides over it, and returns the top mapping: nil when it has none. Nodes that an override
// brought are in origins, with the override's text.
func readTree(text []byte, overrides []string) (root *yaml.Node, origins map[*yaml.Node]string, faults Faults) {
	root, fault := parse(text)
	if fault != nil {
		return nil, nil, Faults{*fault}
	}
	if root == nil && len(overrides) > 0 {
		root = &yaml.Node{Kind: yaml.MappingNode}
	}
	origins = map[*yaml.Node]string{}
	for _, text := range overrides {
		if err := overlay(root, text, origins); err != nil {
			faults = append(faults, Fault{Override: text, Problem: err.Error()})
		}
	}
	return root, origins, faults
}

func parse(text []byte) (root *yaml.Node, fault *Fault) {
	defer func() { // yaml.v3 has panicked on broken text before
		if r := recover(); r != nil {
			root, fault = nil, &Fault{Problem: fmt.Sprintf("not YAML: %v", r)}
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, syntaxFault(err)
	}
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		return nil, &Fault{Line: second.Line, Problem: "a second document begins here; a configuration is one document"}
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxFault(err)
	}
	if len(document.Content) == 0 {
		return nil, nil
	}
	u := unfolder{open: map[*yaml.Node]bool{}}
	top := u.unfold(document.Content[0], 0)
	switch {
	case u.fault != nil:
		return nil, u.fault
	case isNull(top):
		return nil, nil
	case top.Kind != yaml.MappingNode:
		return nil, &Fault{Line: top.Line, Problem: "the file is no list of settings; want lines of the form key: value"}
	}
	return top, nil
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// syntaxFault takes the line out of an error of yaml.v3, which names none for the first line.
func syntaxFault(err error) *Fault {
	text := err.Error()
	found := yamlLine.FindStringSubmatch(text)
	line, _ := strconv.Atoi(found[1])
	return &Fault{Line: max(1, line), Problem: "not YAML: " + strings.TrimPrefix(text, found[0])}
}

// unfolder copies a tree with aliases replaced by what they stand for.
type unfolder struct {
	open  map[*yaml.Node]bool // anchors being unfolded
	nodes int
	fault *Fault
}

func (u *unfolder) unfold(n *yaml.Node, depth int) *yaml.Node {
	if u.nodes++; u.nodes > maxNodes || depth > maxDepth {
		u.fault = &Fault{Line: n.Line, Problem: fmt.Sprintf("the file unfolds to more than %d values or %d levels", maxNodes, maxDepth)}
	}
	if u.fault != nil {
		return n
	}
	if n.Kind == yaml.AliasNode {
		if u.open[n.Alias] {
			u.fault = &Fault{Line: n.Line, Problem: fmt.Sprintf("*%s stands for something that holds itself", n.Value)}
			return n
		}
		u.open[n.Alias] = true
		defer delete(u.open, n.Alias)
		flat := u.unfold(n.Alias, depth+1)
		flat.Line, flat.Column = n.Line, n.Column
		return flat
	}
	flat := *n
	flat.Content = nil
	if n.Anchor != "" {
		if wasOpen := u.open[n]; !wasOpen {
			u.open[n] = true
			defer delete(u.open, n)
		}
	}
	if n.Kind == yaml.MappingNode {
		u.unfoldMapping(n, &flat, depth)
		return &flat
	}
	for _, c := range n.Content {
		flat.Content = append(flat.Content, u.unfold(c, depth+1))
	}
	return &flat
}

// unfoldMapping copies a mapping and puts in what its merge keys name, unless the mapping has the key itself.
func (u *unfolder) unfoldMapping(n, flat *yaml.Node, depth int) {
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := u.unfold(n.Content[i], depth+1), u.unfold(n.Content[i+1], depth+1)
		if key.Kind == yaml.ScalarNode && key.Value == "<<" && !isQuoted(key) {
			merged = append(merged, value)
			continue
		}
		flat.Content = append(flat.Content, key, value)
	}
	for _, m := range merged {
		sources := []*yaml.Node{m}
		if m.Kind == yaml.SequenceNode {
			sources = m.Content
		}
		for _, source := range sources {
			if source.Kind != yaml.MappingNode {
				if u.fault == nil {
					u.fault = &Fault{Line: m.Line, Key: "<<", Value: source.Value, Accepts: "a mapping, or a list of mappings"}
				}
				return
			}
			for i := 0; i+1 < len(source.Content); i += 2 {
				if lookup(flat, source.Content[i].Value) == nil {
					flat.Content = append(flat.Content, source.Content[i], source.Content[i+1])
				}
			}
		}
	}
}

// lookup returns the value of a key in a mapping, nil when it has none.
func lookup(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if k := mapping.Content[i]; k.Kind == yaml.ScalarNode && k.Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

func isQuoted(n *yaml.Node) bool {
	return n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// isNull tells whether a node is there without a value.
func isNull(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode || isQuoted(n) {
		return n.Kind == 0
	}
	switch n.Value {
	case "", "~", "null", "Null", "NULL":
		return n.Style&yaml.TaggedStyle == 0 || n.Tag == "!!null"
	}
	return false
}
