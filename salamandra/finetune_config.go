package salamandra

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/ajolote-ai/ajolote/hub"
	"github.com/ajolote-ai/ajolote/internal/pyjson"
	"github.com/ajolote-ai/ajolote/models/llama"
)

// modelConfig reads the config.json that base_model_config names, else the model's, and lays overrides_of_model_config over it.
func (c *Config) modelConfig(ctx context.Context, dir string) (*pyjson.Object, llama.Config, error) {
	var err error
	if c.BaseModelConfig != "" && c.BaseModelConfig != c.BaseModel {
		if dir, err = hub.Fetch(ctx, hub.Request{Name: c.BaseModelConfig, Allow: []string{"config.json"}}); err != nil {
			return nil, llama.Config{}, err
		}
	}
	path := filepath.Join(dir, "config.json")
	config, err := readObject(path)
	if err != nil {
		return nil, llama.Config{}, err
	}
	if err := overlay(config, c.ModelOverrides); err != nil {
		return nil, llama.Config{}, fmt.Errorf("overrides_of_model_config: %w", err)
	}
	text, err := pyjson.Marshal(config, pyjson.Options{})
	if err != nil {
		return nil, llama.Config{}, err
	}
	shape, err := llama.ParseConfig(text)
	if err != nil {
		return nil, llama.Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return config, shape, nil
}

// overlay lays keys over a config.json. The old spellings rope_theta and rope_scaling reach into rope_parameters, which wins
// over them where a file has both.
func overlay(config *pyjson.Object, over map[string]any) error {
	for _, key := range slices.Sorted(maps.Keys(over)) {
		text, err := json.Marshal(over[key])
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		value, err := pyjson.Unmarshal(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		config.Set(key, value)
		rope, ok := config.Value("rope_parameters").(*pyjson.Object)
		if _, given := over["rope_parameters"]; !ok || given {
			continue
		}
		rope = rope.Clone()
		if scaling, ok := value.(*pyjson.Object); ok && key == "rope_scaling" {
			for name, v := range scaling.All() {
				if name == "type" {
					name = "rope_type"
				}
				rope.Set(name, v)
			}
		} else if key == "rope_theta" {
			rope.Set("rope_theta", value)
		}
		config.Set("rope_parameters", rope)
	}
	return nil
}
