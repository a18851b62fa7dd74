package config

import "gopkg.in/yaml.v3"

// Strings is a list of texts of which a single one may be written without the list.
type Strings []string

// UnmarshalYAML reads a text or a list of texts.
func (s *Strings) UnmarshalYAML(n *yaml.Node) error {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	texts := make(Strings, len(items))
	for i, c := range items {
		if c.Kind != yaml.ScalarNode || isNull(c) || hasForeignTag(c) {
			return ErrType
		}
		texts[i] = c.Value
	}
	*s = texts
	return nil
}

// Accepts says what may be written.
func (Strings) Accepts() string { return "a text or a list of texts" }
