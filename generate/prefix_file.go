package generate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

// PrefixFile is where the keys and values of a prefix outlive the program.
type PrefixFile struct {
	Path string
	// Model tells the weights that they were computed with from any others: the states of the files of model and adapter, and
	// how the weights are held. A file with another one is not read, and replaced.
	Model string
	Say   func(text string) // told of a file that is written, with its size, or not usable; nil for nobody
}

// prefixFormat is a part of the key; what is written under another one is not read.
const prefixFormat = "ajolote prefix 1"

// KeepPrefixIn is [Generator.KeepPrefix] with a file: where it holds the prefix, nothing is computed; otherwise it is written.
// A file that cannot be read or written is no error. It is never half written, and its tensors carry checksums.
func (g *Generator) KeepPrefixIn(ctx context.Context, ids []int32, f PrefixFile) error {
	if f.Say == nil {
		f.Say = func(string) {}
	}
	key, err := f.key(g.Model, ids)
	if err != nil {
		return err
	}
	return g.keep(ctx, ids, func(s *torch.Scope) (*llama.Prefix, error) {
		kv, err := f.read(s, g.Model, len(ids), key)
		if err == nil {
			return kv, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			f.Say(fmt.Sprintf("the kept prompt %s is not usable and will be written again: %v", f.Path, err))
		}
		kv = g.Model.Stored(s, g.Model.Start(s, ids))
		if bytes, err := f.write(kv, key); err != nil {
			f.Say(fmt.Sprintf("the prompt's keys and values are not kept: %v", err))
		} else {
			f.Say(fmt.Sprintf("the prompt's keys and values are kept for the next start: %s, %.1f MB", f.Path, float64(bytes)/1e6))
		}
		return kv, nil
	})
}

// key is a hash of all that keys and values depend on.
func (f PrefixFile) key(m *llama.Model, ids []int32) (string, error) {
	runtime, err := torch.Describe()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%v %v\n%s %s\n%v\n%v", prefixFormat, f.Model, m.Compute, m.CacheType, runtime.Version, runtime.KernelLevel, m.Config, ids))
	return hex.EncodeToString(sum[:16]), nil
}

// prefixTensors yields what a file holds, by name.
func prefixTensors(kv *llama.Prefix) func(yield func(string, *torch.Tensor) bool) {
	return func(yield func(string, *torch.Tensor) bool) {
		for i, layer := range kv.Layers {
			if !yield(fmt.Sprintf("layers.%d.k", i), layer.K) || !yield(fmt.Sprintf("layers.%d.v", i), layer.V) {
				return
			}
		}
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(data []byte) string {
	return strconv.FormatUint(uint64(crc32.Checksum(data, castagnoli)), 16)
}

// read makes the prefix of a file in s.
func (f PrefixFile) read(s *torch.Scope, m *llama.Model, length int, key string) (*llama.Prefix, error) {
	file, err := safetensors.Open(f.Path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	about := file.Metadata()
	if about["key"] != key {
		return nil, errors.New("it is of another model, prompt or machine")
	}
	shape := []int{length, m.Config.KVHeads, m.Config.HeadDim}
	tensor := func(name string) (*torch.Tensor, error) {
		source := file.Tensor(name)
		if source == nil || !tensorfile.SameShape(source.Shape, shape) {
			return nil, fmt.Errorf("it has no tensor %s of shape %d", name, shape)
		}
		t, err := tensorfile.Read(s, source)
		if err != nil {
			return nil, err
		}
		if sum := checksum(t.Data()); sum != about[name] {
			return nil, fmt.Errorf("the checksum of %s is %s, not %s", name, sum, about[name])
		}
		return t, nil
	}
	kv := &llama.Prefix{Length: length, Layers: make([]llama.KV, len(m.Layers))}
	for i := range kv.Layers {
		if kv.Layers[i].K, err = tensor(fmt.Sprintf("layers.%d.k", i)); err != nil {
			return nil, err
		}
		if kv.Layers[i].V, err = tensor(fmt.Sprintf("layers.%d.v", i)); err != nil {
			return nil, err
		}
	}
	return kv, nil
}

func (f PrefixFile) write(kv *llama.Prefix, key string) (bytes int64, err error) {
	about := map[string]string{"key": key}
	var specs []safetensors.Spec
	for name, t := range prefixTensors(kv) {
		about[name] = checksum(t.Bytes())
		spec := tensorfile.Spec(name, t)
		specs = append(specs, spec)
		bytes += spec.Bytes()
	}
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o755); err != nil {
		return 0, err
	}
	// A name of this process's own: two that start at once do not write into one file.
	own := fmt.Sprintf("%s.%d", f.Path, os.Getpid())
	w, err := safetensors.Create(own, specs, about)
	if err != nil {
		return 0, err
	}
	defer w.Abort()
	for name, t := range prefixTensors(kv) {
		if err := w.Write(name, t.Bytes()); err != nil {
			return 0, err
		}
	}
	if err := w.Commit(); err != nil {
		return 0, err
	}
	if err := os.Rename(own, f.Path); err != nil {
		os.Remove(own)
		return 0, err
	}
	return bytes, nil
}
