package salamandra

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// files writes what stands beside the weights: config.json for old and new readers, the tokenizer of the base with the chat
// template that was trained, the prompt, and where all of it came from. config.json comes last: without it nothing loads.
func (m *merge) files(dir string) error {
	if err := copyFiles(dir, m.baseDir, append([]string{"generation_config.json"}, tokenizerFiles...)...); err != nil {
		return err
	}
	if err := copyFiles(dir, m.Adapter, "chat_template.jinja", PromptFile, "training_args.json"); err != nil {
		return err
	}
	if err := m.info(dir); err != nil {
		return err
	}
	config, err := readObject(filepath.Join(m.baseDir, "config.json"))
	if err != nil {
		return err
	}
	if m.unties() {
		config.Set("tie_word_embeddings", false)
	}
	return writeObject(filepath.Join(dir, "config.json"), forAllReaders(config, m.dtype.String()), false)
}

// info writes merge_info.json: the reference's keys in its order, then ours.
func (m *merge) info(dir string) error {
	adapter, err := readObject(filepath.Join(m.Adapter, "adapter_config.json"))
	if err != nil {
		return err
	}
	info := pyjson.NewObject(
		"base_model", m.Base, "adapter_path", filepath.Clean(m.Adapter), "adapter_config", adapter,
		"merge_dtype", m.dtype.String(), "merged_by", "ajolote", "onto", m.Onto)
	return writeObject(filepath.Join(dir, "merge_info.json"), info, true)
}

// forAllReaders writes old and new spellings side by side into a config.json: transformers 4 and 5, vLLM, ollama and
// llama.cpp's converter each know only some.
func forAllReaders(base *pyjson.Object, dtype string) *pyjson.Object {
	config := pyjson.NewObject()
	for key, value := range base.All() {
		if key != "quantization_config" {
			config.Set(key, value)
		}
	}
	config.Set("dtype", dtype)
	config.Set("torch_dtype", dtype)
	if parameters, ok := config.Value("rope_parameters").(*pyjson.Object); ok {
		oldRope(config, parameters)
	} else {
		newRope(config)
	}
	return config
}

// newRope adds rope_parameters, transformers 5's spelling, to a config that has the old keys or none.
func newRope(config *pyjson.Object) {
	parameters := pyjson.NewObject("rope_type", "default")
	if scaling, ok := config.Value("rope_scaling").(*pyjson.Object); ok {
		for key, value := range scaling.All() {
			if key == "type" {
				key = "rope_type"
			}
			parameters.Set(key, value)
		}
	}
	parameters.Set("rope_theta", float64(10000))
	if theta, ok := config.Get("rope_theta"); ok {
		parameters.Set("rope_theta", theta)
	}
	config.Set("rope_parameters", parameters)
}

// oldRope adds rope_theta and, where there is one, rope_scaling to a config that has rope_parameters.
func oldRope(config, parameters *pyjson.Object) {
	scaling := pyjson.NewObject()
	for key, value := range parameters.All() {
		if key == "rope_theta" {
			config.Set("rope_theta", value)
		} else {
			scaling.Set(key, value)
		}
	}
	if kind := scaling.Value("rope_type"); kind != nil && kind != "default" {
		config.Set("rope_scaling", scaling)
	}
}

func readObject(path string) (*pyjson.Object, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	v, err := pyjson.UnmarshalFile(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	o, ok := v.(*pyjson.Object)
	if !ok {
		return nil, fmt.Errorf("%s: it holds %s, not an object", path, pyjson.Kind(v))
	}
	return o, nil
}

func writeObject(path string, o *pyjson.Object, ascii bool) error {
	text, err := pyjson.Marshal(o, pyjson.Options{Indent: 2, EnsureASCII: ascii})
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}
