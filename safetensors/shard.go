package safetensors

// Writing a model as several files with an index, cut as huggingface_hub cuts
// it (split_state_dict_into_shards_factory).

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// DefaultMaxShardBytes is the size at which transformers 4 and huggingface_hub
// begin another file ("5GB"). transformers 5 has 50 GB.
const DefaultMaxShardBytes = 5_000_000_000

// ShardOptions says how [CreateSharded] writes. The zero value writes
// model.safetensors files of up to 5 GB.
type ShardOptions struct {
	// Prefix is what the names of the files begin with; "" stands for "model".
	Prefix string
	// MaxShardBytes limits the tensor data of one file; 0 stands for
	// [DefaultMaxShardBytes]. A tensor larger than that gets a file of its own.
	MaxShardBytes int64
	// SortAsPython lays the tensors of each file out as [SortAsPython] sorts
	// them, as save_pretrained does; otherwise they keep the given order. Which
	// tensor comes into which file depends on the given order in both cases.
	SortAsPython bool
	// Metadata is the free text of every file; nil stands for {"format": "pt"}.
	Metadata map[string]string
	// TotalParameters is written into the index, as transformers 5 does, unless
	// it is 0.
	TotalParameters int64
}

// CreateSharded begins a model in the directory dir, which must exist. When the
// tensors fit into one file it is model.safetensors; otherwise the files are
// model-00001-of-0000N.safetensors and so on, and model.safetensors.index.json
// says which tensor is where.
//
// [Writer.Commit] replaces the whole model: files and index of an earlier model
// of the same prefix are removed, since readers would take them for parts of
// this one. The index is written last, so that a program killed in between
// leaves a directory that no reader takes for a complete model.
func CreateSharded(dir string, tensors []Spec, opts ShardOptions) (*Writer, error) {
	if opts.Prefix == "" {
		opts.Prefix = "model"
	}
	if opts.MaxShardBytes == 0 {
		opts.MaxShardBytes = DefaultMaxShardBytes
	}
	if opts.MaxShardBytes < 0 {
		return nil, fmt.Errorf("%s: a shard of at most %d bytes is impossible: give a positive number, or 0 for %d", dir, opts.MaxShardBytes, int64(DefaultMaxShardBytes))
	}
	if err := checkAll(tensors); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}

	shards := cut(tensors, opts.MaxShardBytes)
	w := newWriter(len(tensors))
	weightMap := make(map[string]string, len(tensors))
	var names []string
	for i, shard := range shards {
		name := opts.Prefix + suffix
		if len(shards) > 1 {
			name = fmt.Sprintf("%s-%05d-of-%05d%s", opts.Prefix, i+1, len(shards), suffix)
		}
		for _, t := range shard {
			weightMap[t.Name] = name
		}
		if opts.SortAsPython {
			SortAsPython(shard)
		}
		names = append(names, name)
		if err := w.open(filepath.Join(dir, name), shard, opts.Metadata); err != nil {
			w.end()
			return nil, err
		}
	}
	w.publish = func() error {
		if len(shards) == 1 {
			if err := w.rename(); err != nil {
				return err
			}
			return removeOld(dir, opts.Prefix, names)
		}
		if err := removeOld(dir, opts.Prefix, names); err != nil {
			return err
		}
		if err := w.rename(); err != nil {
			return err
		}
		return writeIndex(filepath.Join(dir, opts.Prefix+indexSuffix), tensors, weightMap, opts.TotalParameters)
	}
	return w, nil
}

// cut assigns tensors to shards: one after the other, a new shard when the
// current one would grow past the limit. A tensor above the limit becomes a
// shard without ending the current one, which goes on after it.
func cut(tensors []Spec, limit int64) (shards [][]Spec) {
	var current []Spec
	var size int64
	for _, t := range tensors {
		n := t.Bytes()
		if n > limit {
			shards = append(shards, []Spec{t})
			continue
		}
		if size > limit-n {
			shards = append(shards, current)
			current, size = nil, 0
		}
		current = append(current, t)
		size += n
	}
	if len(current) > 0 || len(shards) == 0 {
		shards = append(shards, current)
	}
	return shards
}

// removeOld removes the index and the files of an earlier model of this prefix,
// the index first, but for the names to keep.
func removeOld(dir, prefix string, keep []string) error {
	old := regexp.MustCompile(`^` + regexp.QuoteMeta(prefix) + `(-\d{5,}-of-\d{5,})?` + regexp.QuoteMeta(suffix) + `$`)
	if err := os.Remove(filepath.Join(dir, prefix+indexSuffix)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if old.MatchString(e.Name()) && !slices.Contains(keep, e.Name()) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeIndex writes the index beside its name and renames it.
func writeIndex(path string, tensors []Spec, weightMap map[string]string, parameters int64) error {
	metadata := map[string]int64{"total_size": 0}
	for _, t := range tensors {
		metadata["total_size"] += t.Bytes()
	}
	if parameters != 0 {
		metadata["total_parameters"] = parameters
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(map[string]any{"metadata": metadata, "weight_map": weightMap})
	if err != nil {
		return err
	}
	f, err := openPartial(path + ".partial")
	if err != nil {
		return err
	}
	if _, err = f.Write(b.Bytes()); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return errors.Join(err, f.Close(), syncDir(filepath.Dir(path)))
}
