package safetensors

// Weights: all tensors of a file or of a directory of shards, by name.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	suffix      = ".safetensors"
	indexSuffix = ".safetensors.index.json"
)

// Weights are the tensors of one file, or of the shards that an index joins.
type Weights struct {
	files  []*file
	order  []*Tensor
	byName map[string]*Tensor
}

// Open opens weights for reading. path is
//
//   - a .safetensors file;
//   - an index (.safetensors.index.json), which names the shards beside it;
//   - a directory. There model.safetensors comes first and
//     model.safetensors.index.json second, as in transformers; then
//     adapter_model.safetensors, as in peft; then whatever single index or
//     single .safetensors file there is, of any name.
//
// Only headers are read, and every one is checked; a fault is a [FormatError].
// With an index, it decides which tensors there are: a tensor that only a shard
// knows is left out, one that its shard lacks is an error.
func Open(path string) (*Weights, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		if path, err = findIn(path); err != nil {
			return nil, err
		}
	}
	if strings.HasSuffix(path, indexSuffix) {
		return openIndex(path)
	}
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	return newWeights(f), nil
}

// OpenReaderAt opens the weights of one file that r holds. name stands for the
// path in errors. r is not closed by [Weights.Close].
func OpenReaderAt(name string, r io.ReaderAt, size int64) (*Weights, error) {
	f, err := newFile(name, r, size)
	if err != nil {
		return nil, err
	}
	return newWeights(f), nil
}

func newWeights(f *file) *Weights {
	w := &Weights{files: []*file{f}, byName: make(map[string]*Tensor, len(f.entries))}
	for _, e := range f.entries {
		w.add(f, e)
	}
	return w
}

func (w *Weights) add(f *file, e entry) {
	t := &Tensor{Spec: e.Spec, Offset: f.data + e.begin, file: f}
	w.order = append(w.order, t)
	w.byName[t.Name] = t
}

// findIn chooses the file of a directory that [Open] reads.
func findIn(dir string) (string, error) {
	for _, name := range []string{"model" + suffix, "model" + indexSuffix, "adapter_model" + suffix} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var names, indices []string
	for _, e := range entries {
		switch name := e.Name(); {
		case strings.HasSuffix(name, indexSuffix):
			indices = append(indices, name)
		case strings.HasSuffix(name, suffix):
			names = append(names, name)
		}
	}
	switch {
	case len(indices) == 1:
		return filepath.Join(dir, indices[0]), nil
	case len(indices) > 1:
		return "", fmt.Errorf("%s: several indices, open one of them by its path: %s", dir, strings.Join(indices, ", "))
	case len(names) == 1:
		return filepath.Join(dir, names[0]), nil
	case len(names) > 1:
		return "", fmt.Errorf("%s: several %s files and no index that joins them (an unfinished download or save?); open one of them by its path: %s", dir, suffix, strings.Join(names, ", "))
	}
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".bin") || strings.HasSuffix(name, ".pt") || strings.HasSuffix(name, ".pth") {
			return "", fmt.Errorf("%s: no %s file is there; %s may be PyTorch's pickle, a program rather than data, which is not read: write the model with save_pretrained of a transformers that writes %[2]s", dir, suffix, name)
		}
	}
	return "", fmt.Errorf("%s: no %s file is there", dir, suffix)
}

// openIndex opens the shards that an index names.
func openIndex(path string) (_ *Weights, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(index.WeightMap) == 0 {
		return nil, fmt.Errorf("%s: weight_map is missing or empty: this is not an index of safetensors files", path)
	}
	shards := map[string][]string{} // file: its tensors
	for tensor, name := range index.WeightMap {
		shards[name] = append(shards[name], tensor)
	}

	w := &Weights{byName: make(map[string]*Tensor, len(index.WeightMap))}
	defer func() {
		if err != nil {
			w.Close()
		}
	}()
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(shards)) {
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			faults = append(faults, fmt.Errorf("%s: %q is not the name of a file beside the index", path, name))
			continue
		}
		f, err := openFile(filepath.Join(filepath.Dir(path), filepath.FromSlash(name)))
		if errors.Is(err, os.ErrNotExist) {
			err = fmt.Errorf("%s names %s, which is not there: the download is incomplete", path, name)
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		w.files = append(w.files, f)
		for _, e := range f.entries {
			if index.WeightMap[e.Name] == name {
				w.add(f, e)
			}
		}
		for _, tensor := range slices.Sorted(slices.Values(shards[name])) {
			if w.byName[tensor] == nil {
				faults = append(faults, &FormatError{f.name, []Fault{{tensor, "the index (" + filepath.Base(path) + ") says that it is in this file, but it is not"}}})
			}
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return w, nil
}

// Tensors lists all tensors: file by file in the order of the files' names, in
// each in the order of the bytes. Reading them in this order reads the disk in
// one go. The list is the caller's.
func (w *Weights) Tensors() []*Tensor { return slices.Clone(w.order) }

// Tensor gives the tensor of that name, or nil.
func (w *Weights) Tensor(name string) *Tensor { return w.byName[name] }

// Files are the paths of the open files, sorted.
func (w *Weights) Files() []string {
	paths := make([]string, len(w.files))
	for i, f := range w.files {
		paths[i] = f.name
	}
	return paths
}

// Metadata is the free text of the header ("format": "pt" in what torch
// programs write); of several shards, all their entries, an earlier shard's
// first. It is empty, never nil.
func (w *Weights) Metadata() map[string]string {
	all := map[string]string{}
	for _, f := range slices.Backward(w.files) {
		maps.Copy(all, f.metadata)
	}
	return all
}

// Bytes is the size of all tensors together.
func (w *Weights) Bytes() int64 {
	var n int64
	for _, t := range w.order {
		n += t.Bytes()
	}
	return n
}

// Close closes the files and takes back what [Tensor.Mapped] gave. No tensor
// may be in use, nor be used afterwards.
func (w *Weights) Close() error {
	var faults []error
	for _, f := range w.files {
		faults = append(faults, f.unmap(), f.close())
	}
	w.files = nil
	return errors.Join(faults...)
}
