package salamandra

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/ajolote-ai/ajolote"
	"github.com/ajolote-ai/ajolote/config"
	"github.com/ajolote-ai/ajolote/internal/pyjson"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/train"
)

// This file: what makes a run the same run, so that it may be resumed, and what it keeps from its first start to its last.

// free are the keys that decide no number of a run: they may change before it is resumed.
var free = []string{
	"output_dir", "resume_from_checkpoint", "auto_resume_from_checkpoints", "dataset_prepared_path", "save_strategy", "save_steps", "saves_per_epoch",
	"save_total_limit", "save_only_model", "save_first_step", "average_checkpoints", "merge_method", "logging_steps", "use_tensorboard", "wandb_project",
	"wandb_entity", "wandb_name", "wandb_run_id", "prompt_file", "threads", "plugins", "eval_sample_packing", "tf32",
}

// places are the keys that say where something lies. What lies there counts, wherever it is moved to: identity has its hash.
var places = []string{
	"base_model", "base_model_config", "revision_of_model", "tokenizer_config", "lora_model_dir", "query_test_file", "query_equivalences",
}

// identity says what decides the numbers of the run: every key that is not at its default, and all that is read, by its
// contents. A key that a later version adds, at its default, is no difference.
func (r *fineTuning) identity() (map[string]string, error) {
	c := *r.config
	c.Datasets, c.TestDatasets = withoutPlaces(c.Datasets), withoutPlaces(c.TestDatasets)
	if exists(c.ChatTemplateJinja) {
		c.ChatTemplateJinja = "a file"
	}
	keys, err := config.Keys(&c, DefaultConfig())
	if err != nil {
		return nil, err
	}
	defaults, err := config.Keys(DefaultConfig(), DefaultConfig())
	if err != nil {
		return nil, err
	}
	model, err := pyjson.Marshal(r.base.config, pyjson.Options{})
	if err != nil {
		return nil, err
	}
	id := map[string]string{"data": r.data.name(), "config.json of the base": short(model), "chat template": short([]byte(r.data.Template))}
	for _, read := range []struct{ name, path, files string }{
		{"weights of the base", r.base.model, "*.safetensors"},
		{"adapter to start from", r.startDir, "adapter_*"},
		{"query_test_file", r.config.QueryTestFile, ""},
		{"query_equivalences", r.config.QueryEquivalences, "*.json"},
	} {
		if read.path == "" {
			continue
		}
		if id[read.name], err = hashContents(filepath.Join(read.path, read.files)); err != nil {
			return nil, fmt.Errorf("salamandra: %s: %w", read.name, err)
		}
	}
	for key, value := range keys {
		if !slices.Contains(free, key) && !slices.Contains(places, key) && value != defaults[key] {
			id[key] = value
		}
	}
	return id, nil
}

// withoutPlaces is how datasets are read, but for where from.
func withoutPlaces(datasets []Dataset) []Dataset {
	datasets = slices.Clone(datasets)
	for i := range datasets {
		d := &datasets[i]
		d.Path, d.DSType, d.DataFiles, d.Split, d.Name, d.Revision = "", "", nil, "", "", ""
		if exists(d.ChatTemplateJinja) {
			d.ChatTemplateJinja = "a file"
		}
	}
	return datasets
}

// name tells the data from other data, in words that say what may have changed.
func (d *Data) name() string {
	tokens := 0
	for _, e := range d.Train {
		tokens += len(e.IDs)
	}
	return fmt.Sprintf("%d examples with %d tokens, %d to evaluate on, hash %.16s", len(d.Train), tokens, len(d.Validation), d.Hash)
}

// keys is the effective configuration by its keys.
func (c *Config) keys() (map[string]any, error) {
	text, err := c.YAML()
	if err != nil {
		return nil, err
	}
	keys := map[string]any{}
	err = yaml.Unmarshal(text, &keys)
	return keys, err
}

// about goes into run.json.
func (r *fineTuning) about() (map[string]any, error) {
	keys, err := r.config.keys()
	if err != nil {
		return nil, err
	}
	runtime, err := torch.Describe()
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"config": keys, "data": r.data.Report,
		"versions": map[string]string{"ajolote": ajolote.Version, "torch": runtime.Version, "kernels": runtime.KernelLevel},
	}, nil
}

// keep is what a run takes over from its first start: the time that prompts may tell, and the number of threads, which it sets
// (see [train.KeepThreads]); kept has both as text, for the checkpoints.
func (c *Config) keep(o FineTuneOptions) (now time.Time, kept map[string]string, err error) {
	earlier, err := train.KeptOf(c.OutputDir, c.resume(o))
	if err != nil {
		return now, nil, err
	}
	now = time.Now().Truncate(time.Second)
	if text, ok := earlier["now"]; ok {
		if now, err = time.Parse(time.RFC3339, text); err != nil {
			return now, nil, fmt.Errorf("salamandra: the time in the checkpoint: %w", err)
		}
	}
	if kept, err = train.KeepThreads(c.OutputDir, c.resume(o), c.Threads); err != nil {
		return now, nil, err
	}
	kept["now"] = now.Format(time.RFC3339)
	return now, kept, nil
}

// resume is what the options say, else the configuration.
func (c *Config) resume(o FineTuneOptions) string {
	switch {
	case o.Resume != "":
		return o.Resume
	case c.ResumeFrom != "":
		return c.ResumeFrom
	case c.AutoResume != nil && !*c.AutoResume:
		return "none"
	}
	return "auto"
}

// hashContents names the files of a pattern by their names, sizes and contents. Of a file above 16 MiB it reads 256 pieces of
// 64 KiB, evenly spread, the first and the last included: reading all of a 14 GB model would cost more than the first step.
func hashContents(pattern string) (string, error) {
	const piece, pieces = 64 << 10, 256
	files, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		info, err := f.Stat()
		if err == nil {
			fmt.Fprintf(h, "%s %d\n", filepath.Base(path), info.Size())
			if size := info.Size(); size <= piece*pieces {
				_, err = io.Copy(h, f)
			} else {
				for i := int64(0); i < pieces && err == nil; i++ {
					_, err = io.Copy(h, io.NewSectionReader(f, (size-piece)*i/(pieces-1), piece))
				}
			}
		}
		f.Close()
		if err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// short is a hash to compare.
func short(text []byte) string {
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:8])
}
