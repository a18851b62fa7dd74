package salamandra

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/internal/library"
	"github.com/ajolote-ai/ajolote/safetensors"
)

// KeptPrompts is a directory with the keys and values of system prompts, so that a parser that starts again need not compute
// them. A file belongs to one prompt and to one state of the model's and the adapter's files (path, size, time and header of
// each), held in one way; it is checked when it is read, and written anew when anything has changed.
type KeptPrompts struct {
	Dir string            // "" for prompts in AJOLOTE_CACHE, else in ajolote in the user's cache directory
	Say func(text string) // told of a file that is written, with its size, or not usable; nil for nobody
}

// maxKeptPrompts is how many prompts of one model are kept: the latest.
const maxKeptPrompts = 4

// place is where the prompt of a parser is kept; nil for nowhere.
func (k *KeptPrompts) place(model string, o ParserOptions, prompt string) (*generate.PrefixFile, error) {
	if k == nil {
		return nil, nil
	}
	dir := k.Dir
	if dir == "" {
		cache, err := library.CacheDir()
		if err != nil {
			return nil, err
		}
		dir = filepath.Join(cache, "prompts")
	}
	key := fmt.Sprintf("4-bit %v, scales %v, embeddings %v", o.Load4Bit, o.DoubleQuant, o.QuantizeEmbeddings)
	var where []string
	for _, part := range []string{model, o.Adapter} {
		if part == "" {
			continue
		}
		weights, err := safetensors.Open(part)
		if err != nil {
			return nil, err
		}
		state, err := safetensors.Fingerprint(weights.Files())
		weights.Close()
		if err != nil {
			return nil, err
		}
		path, err := filepath.Abs(part)
		if err != nil {
			return nil, err
		}
		key += "\n" + state
		where = append(where, path)
	}
	name := func(v any) string {
		sum := sha256.Sum256(fmt.Appendf(nil, "%q", v))
		return hex.EncodeToString(sum[:8])
	}
	of := filepath.Join(dir, name(where)+"-")
	f := &generate.PrefixFile{Path: of + name([]string{prompt, key}) + ".safetensors", Model: key, Say: k.Say}
	forget(of+"*.safetensors", f.Path, maxKeptPrompts-1)
	return f, nil
}

// forget removes all but the latest files of a pattern, one aside.
func forget(pattern, aside string, keep int) {
	paths, _ := filepath.Glob(pattern)
	paths = slices.DeleteFunc(paths, func(path string) bool { return path == aside })
	age := map[string]int64{}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			age[path] = info.ModTime().UnixNano()
		}
	}
	slices.SortFunc(paths, func(a, b string) int { return cmp.Compare(age[b], age[a]) })
	for _, path := range paths[min(keep, len(paths)):] {
		os.Remove(path)
	}
}
