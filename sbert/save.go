package sbert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ajolote-ai/ajolote/internal/atomicfile"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

// copied are the files of the encoder that a saved model takes over as they are. config.json is among them: nothing that
// training changes stands there.
var copied = []string{"config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json",
	"merges.txt", "sentencepiece.bpe.model", "spiece.model", "added_tokens.json"}

// Save writes the model as a directory that sentence-transformers 2 to 6 and text-embeddings-inference read: the class names
// of version 2, which all know, and the keys of both pooling files side by side.
func (m *Model) Save(dir string) error {
	if err := m.SaveTokenizer(dir); err != nil {
		return err
	}
	if err := m.Encoder.Save(dir); err != nil {
		return err
	}
	width := m.Encoder.Config.HiddenSize
	entries := []moduleEntry{{0, "0", "", "sentence_transformers.models.Transformer"}, {1, "1", "1_Pooling", "sentence_transformers.models.Pooling"}}
	for i, module := range m.After {
		kind := "Normalize"
		if d, ok := module.(*Dense); ok {
			kind = "Dense"
			if err := d.save(filepath.Join(dir, fmt.Sprintf("%d_Dense", i+2))); err != nil {
				return err
			}
		}
		entries = append(entries, moduleEntry{i + 2, fmt.Sprint(i + 2), fmt.Sprintf("%d_%s", i+2, kind), "sentence_transformers.models." + kind})
	}
	pooling := map[string]any{"word_embedding_dimension": width, "embedding_dimension": width, "include_prompt": m.Pooling.IncludePrompt}
	for _, mode := range poolingModes {
		pooling[mode.key] = false
		for _, name := range m.Pooling.Modes {
			if name == mode.name {
				pooling[mode.key] = true
			}
		}
	}
	pooling["pooling_mode"] = m.Pooling.Modes
	if len(m.Pooling.Modes) == 1 {
		pooling["pooling_mode"] = m.Pooling.Modes[0]
	}
	var defaultPrompt any
	if m.DefaultPrompt != "" {
		defaultPrompt = m.DefaultPrompt
	}
	for name, value := range map[string]any{
		"modules.json":          entries,
		"1_Pooling/config.json": pooling,
		"sentence_bert_config.json": map[string]any{"max_seq_length": m.MaxTokens, "do_lower_case": m.LowerCase, "transformer_task": "feature-extraction",
			"modality_config":    map[string]any{"text": map[string]any{"method": "forward", "method_output_name": "last_hidden_state"}},
			"module_output_name": "token_embeddings"},
		"config_sentence_transformers.json": map[string]any{"__version__": map[string]string{"sentence_transformers": "3.0.0"}, "model_type": "SentenceTransformer",
			"prompts": m.Prompts, "default_prompt_name": defaultPrompt, "similarity_fn_name": m.Similarity},
	} {
		if err := writeJSON(filepath.Join(dir, name), value); err != nil {
			return err
		}
	}
	return nil
}

// SaveTokenizer copies config.json and the tokenizer's files into dir, with the length at which texts are cut.
func (m *Model) SaveTokenizer(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("sbert: %w", err)
	}
	for _, name := range copied {
		if err := copyFile(filepath.Join(m.encoder, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return writeTokenizerLength(dir, m.MaxTokens)
}

// writeTokenizerLength sets model_max_length, where versions 5.4 and later look for the longest text.
func writeTokenizerLength(dir string, n int) error {
	path := filepath.Join(dir, "tokenizer_config.json")
	var f map[string]any
	if found, err := readJSON(path, &f); err != nil || !found {
		return err
	}
	f["model_max_length"] = n
	return writeJSON(path, f)
}

func (d *Dense) save(dir string) error {
	class := "torch.nn.modules.linear.Identity"
	if d.Activation == "tanh" {
		class = "torch.nn.modules.activation.Tanh"
	}
	if err := writeJSON(filepath.Join(dir, "config.json"), map[string]any{"in_features": d.Weight.Dim(1), "out_features": d.Weight.Dim(0),
		"bias": d.Bias != nil, "activation_function": class}); err != nil {
		return err
	}
	return tensorfile.Save(filepath.Join(dir, "model.safetensors"), d.parameters)
}

func writeJSON(path string, value any) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(value)
	})
}

// copyFile copies a file that may be missing.
func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("sbert: %w", err)
	}
	return atomicfile.Write(to, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Restore copies weights that [Model.Save] wrote into the model's tensors.
func (m *Model) Restore(dir string) error {
	if err := m.Encoder.Restore(dir); err != nil {
		return err
	}
	for i, module := range m.After {
		if d, ok := module.(*Dense); ok {
			if err := tensorfile.Restore(filepath.Join(dir, fmt.Sprintf("%d_Dense", i+2)), d.parameters); err != nil {
				return fmt.Errorf("sbert: %w", err)
			}
		}
	}
	return nil
}
