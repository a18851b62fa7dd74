package salamandra

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// PromptFile is the file beside an adapter or a model that says how it was spoken to in training, so that inference needs no
// prompt file of its own.
const PromptFile = "ajolote_prompt.json"

// Prompt is what [PromptFile] holds.
type Prompt struct {
	System string `json:"system"`          // the system message of every example; "" when they had none in common
	BOS    bool   `json:"begins_with_bos"` // the examples began with the beginning-of-sequence token
}

// ReadPrompt reads a directory's prompt. ok is false where there is none.
func ReadPrompt(dir string) (p Prompt, ok bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, PromptFile))
	if errors.Is(err, fs.ErrNotExist) {
		return p, false, nil
	} else if err != nil {
		return p, false, fmt.Errorf("salamandra: %w", err)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, false, fmt.Errorf("%s: %w", filepath.Join(dir, PromptFile), err)
	}
	return p, true, nil
}

func (p Prompt) write(dir string) error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, PromptFile), append(text, '\n'), 0o644)
	}
	return err
}

// tokenizerFiles are the files that say how text becomes tokens.
var tokenizerFiles = []string{
	"tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
	"chat_template.jinja",
}

// save writes what was trained into dir: the adapter, or the model, with the tokenizer and the prompt.
func (r *fineTuning) save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := copyFiles(dir, r.base.tokenizer, tokenizerFiles...); err != nil {
		return err
	}
	if r.data.Template != "" { // which the configuration may have replaced
		if err := os.WriteFile(filepath.Join(dir, "chat_template.jinja"), []byte(r.data.Template), 0o644); err != nil {
			return err
		}
	}
	prompt, err := r.prompt()
	if err != nil {
		return err
	}
	if err := prompt.write(dir); err != nil {
		return err
	}
	if r.adapter != nil {
		return r.adapter.Save(dir)
	}
	if err := copyFiles(dir, r.base.model, "generation_config.json"); err != nil {
		return err
	}
	if err := r.model.Save(dir); err != nil {
		return err
	}
	return writeObject(filepath.Join(dir, "config.json"), forAllReaders(r.base.config, "float32"), false)
}

// prompt is how the model is spoken to: the system message of prompt_file, else the one that the examples share.
func (r *fineTuning) prompt() (Prompt, error) {
	p := Prompt{System: r.data.SystemPrompt, BOS: r.data.BeginsWithBOS}
	if r.config.PromptFile != "" {
		text, err := os.ReadFile(r.config.PromptFile)
		if err != nil {
			return p, fmt.Errorf("prompt_file: %w", err)
		}
		p.System = string(text)
	}
	return p, nil
}

// restore reads what save has written back into the tensors that are trained.
func (r *fineTuning) restore(dir string) error {
	if r.adapter != nil {
		return r.adapter.Restore(dir)
	}
	return r.model.Restore(dir)
}

// copyFiles copies those of the named files that exist.
func copyFiles(to, from string, names ...string) error {
	for _, name := range names {
		source, err := os.Open(filepath.Join(from, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		err = func() error {
			defer source.Close()
			out, err := os.Create(filepath.Join(to, name))
			if err != nil {
				return err
			}
			_, err = io.Copy(out, source)
			return errors.Join(err, out.Close())
		}()
		if err != nil {
			return fmt.Errorf("copying %s: %w", name, err)
		}
	}
	return nil
}
