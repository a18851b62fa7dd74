package salamandra

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/ajolote-ai/ajolote"
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

// identity says what decides the numbers of the run: every key that is set, and the data and the base by their hashes.
func (r *fineTuning) identity() (map[string]string, error) {
	keys, err := r.config.keys()
	if err != nil {
		return nil, err
	}
	base, err := hashBase(r.base.model)
	if err != nil {
		return nil, err
	}
	id := map[string]string{"data": r.data.Hash, "base": base}
	for key, value := range keys {
		if slices.Contains(free, key) {
			continue
		}
		text, err := yaml.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("salamandra: %s: %w", key, err)
		}
		id[key] = strings.TrimSpace(string(text))
	}
	return id, nil
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

// kept is what a run takes over from its first start: the time that prompts may tell, and the number of threads, which decides
// the order of sums; and the kernels, of which another host may have others.
type kept struct {
	now     time.Time
	threads int
	kernels string
}

// keep looks for what an earlier start of the run has kept, and sets the number of threads.
func (c *Config) keep(o FineTuneOptions) (k kept, err error) {
	earlier, err := train.KeptOf(c.OutputDir, c.resume(o))
	if err != nil {
		return k, err
	}
	k.now, k.threads = time.Now().Truncate(time.Second), c.Threads
	if text, ok := earlier["now"]; ok {
		if k.now, err = time.Parse(time.RFC3339, text); err != nil {
			return k, fmt.Errorf("salamandra: the time in the checkpoint: %w", err)
		}
	}
	if n, err := strconv.Atoi(earlier["threads"]); err == nil && n > 0 && k.threads == 0 {
		k.threads = n
	}
	if k.threads > 0 {
		if err := torch.SetThreads(k.threads); err != nil {
			return k, err
		}
	}
	if k.threads, err = torch.Threads(); err != nil {
		return k, err
	}
	runtime, err := torch.Describe()
	k.kernels = runtime.KernelLevel
	return k, err
}

func (k kept) values() map[string]string {
	return map[string]string{"now": k.now.Format(time.RFC3339), "threads": strconv.Itoa(k.threads), "kernels": k.kernels}
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

// hashBase names a base model by its configuration and by the headers and sizes of its weight files, which a change of any
// tensor's shape or place changes; reading all of a 14 GB model for it would cost more than the first step.
func hashBase(dir string) (string, error) {
	files, _ := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	h := sha256.New()
	for _, path := range append([]string{filepath.Join(dir, "config.json")}, files...) {
		f, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("salamandra: %w", err)
		}
		info, err := f.Stat()
		if err == nil {
			fmt.Fprintf(h, "%s %d\n", filepath.Base(path), info.Size())
			_, err = io.CopyN(h, f, min(info.Size(), 1<<20))
		}
		f.Close()
		if err != nil {
			return "", fmt.Errorf("salamandra: %s: %w", path, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}
