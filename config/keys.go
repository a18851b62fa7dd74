package config

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// Keys is the YAML text of every key that [Encode] writes of a struct, by the key: for comparing two configurations and naming
// what differs.
func Keys(value, defaults any) (map[string]string, error) {
	text, err := Encode(value, defaults)
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	keys := make(map[string]string, len(values))
	for key, value := range values {
		text, err := yaml.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("configuration key %s: %w", key, err)
		}
		keys[key] = strings.TrimSpace(string(text))
	}
	return keys, nil
}
