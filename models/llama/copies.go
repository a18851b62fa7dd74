package llama

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"iter"
	"os"
	"path/filepath"
	"strconv"

	"github.com/ajolote-ai/ajolote/internal/library"
	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/safetensors"
)

// Copies keeps the NF4 weights that [Load] has made of a 16-bit or 32-bit checkpoint, so that the next start reads an eighth
// to a quarter of the bytes and quantises nothing. A copy belongs to one state of the checkpoint's files: path, size, time and
// header of each are its key, and it replaces those of earlier states. What stays in 16 bits is always read from the checkpoint
// itself.
type Copies struct {
	Dir   string            // "" for nf4 in AJOLOTE_CACHE, else in ajolote in the user's cache directory
	Least int64             // bytes of a checkpoint from which on a copy is kept; 0 for 256 MiB
	Say   func(text string) // told of a copy that is written, with its size, or not usable; nil for nobody
}

// copyFormat is a part of the key; what is written under another one is not looked at.
const copyFormat = "ajolote nf4 copy 2"

// nf4Copy is the copy of one checkpoint.
type nf4Copy struct {
	say     func(string)
	path    string
	others  string               // pattern of the copies of this checkpoint in all its states, unfinished ones too
	source  *safetensors.Weights // the checkpoint
	weights *safetensors.Weights // nil: there is none yet
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// open finds the copy of a checkpoint, or the place where it is to be written; nil where none is kept.
func (c *Copies) open(weights *safetensors.Weights, o LoadOptions) *nf4Copy {
	least := int64(256 << 20)
	if c != nil && c.Least > 0 {
		least = c.Least
	}
	if c == nil || !o.Load4Bit || weights.Bytes() < least {
		return nil
	}
	n := &nf4Copy{say: c.Say, source: weights}
	if n.say == nil {
		n.say = func(string) {}
	}
	dir := c.Dir
	if dir == "" {
		cache, err := library.CacheDir()
		if err != nil {
			n.say(fmt.Sprintf("no quantised copy is kept: %v", err))
			return nil
		}
		dir = filepath.Join(cache, "nf4")
	}
	key, err := safetensors.Fingerprint(weights.Files())
	if err != nil {
		n.say(fmt.Sprintf("no quantised copy is kept: %v", err))
		return nil
	}
	place := sha256.Sum256(fmt.Appendf(nil, "%s\n%v %v\n%s", copyFormat, o.DoubleQuant, o.QuantizeEmbeddings, weights.Files()))
	n.others = filepath.Join(dir, hex.EncodeToString(place[:8])+"-*")
	n.path = filepath.Join(dir, hex.EncodeToString(place[:8])+"-"+key+".safetensors")
	if n.weights, err = safetensors.Open(n.path); err != nil && !os.IsNotExist(err) {
		n.discard(err)
	}
	return n
}

// read takes a weight from the copy; nil where the copy does not have it, or not as it was written.
func (n *nf4Copy) read(name string) *qlora.Weight {
	if n == nil || n.weights == nil {
		return nil
	}
	w, err := qlora.Read(n.weights, name)
	if err != nil {
		n.discard(err)
		return nil
	}
	sum, err := checksum(w, name)
	if want := n.weights.Metadata()[name]; err == nil && sum != want {
		err = fmt.Errorf("%s: the checksum of %s is %s, not %s", n.path, name, sum, want)
	}
	if err != nil {
		w.Free()
		n.discard(err)
		return nil
	}
	return w
}

func checksum(w *qlora.Weight, name string) (string, error) {
	parts, err := w.Stored(name)
	if err != nil {
		return "", err
	}
	var sum uint32
	for _, part := range parts {
		sum = crc32.Update(sum, castagnoli, part.Data)
	}
	return strconv.FormatUint(uint64(sum), 16), nil
}

// discard forgets a copy that is not what was written; another one takes its place.
func (n *nf4Copy) discard(why error) {
	n.say(fmt.Sprintf("the quantised copy %s is not usable and will be written again: %v", n.path, why))
	n.close()
	n.weights = nil
}

func (n *nf4Copy) close() {
	if n != nil && n.weights != nil {
		n.weights.Close()
	}
}

// keep writes the copy, where there is none, of what was quantised in loading the model. A copy that cannot be written is no
// error.
func (n *nf4Copy) keep(m *Model) {
	if n == nil || n.weights != nil {
		return
	}
	of := filepath.Dir(n.source.Files()[0])
	switch bytes, err := n.write(m, of); {
	case err != nil:
		n.say(fmt.Sprintf("no quantised copy of %s is kept: %v", of, err))
	case bytes > 0:
		n.say(fmt.Sprintf("a quantised copy of %s is kept for the next start: %s, %.2f GB", of, n.path, float64(bytes)/1e9))
	}
}

// quantised yields the weights in NF4 under their names in a checkpoint.
func (m *Model) quantised() iter.Seq2[string, *qlora.Weight] {
	return func(yield func(string, *qlora.Weight) bool) {
		if e, ok := m.Embed.(*qlora.Embedding); ok && !yield("model.embed_tokens.weight", e.Weight) {
			return
		}
		for module, place := range m.Linears() {
			if l, ok := (*place).(*qlora.Linear); ok && !(module == "lm_head" && m.Config.TieHead) && !yield(module+".weight", l.Weight) {
				return
			}
		}
	}
}

// write returns the bytes of the copy: 0, and no file, where the checkpoint itself has everything in NF4.
func (n *nf4Copy) write(m *Model, of string) (bytes int64, err error) {
	var specs []safetensors.Spec
	var all []qlora.Stored
	about := map[string]string{"format": "pt", "of": of}
	for name, weight := range m.quantised() {
		if qlora.IsStored(n.source, name) {
			continue
		}
		parts, err := weight.Stored(name)
		if err != nil {
			return 0, err
		}
		if about[name], err = checksum(weight, name); err != nil {
			return 0, err
		}
		all = append(all, parts...)
	}
	if len(all) == 0 {
		return 0, nil
	}
	for _, part := range all {
		specs = append(specs, part.Spec)
		bytes += int64(len(part.Data))
	}
	if err := os.MkdirAll(filepath.Dir(n.path), 0o755); err != nil {
		return 0, err
	}
	// A name of this process's own: two that start at once do not write into one file.
	own := fmt.Sprintf("%s.%d", n.path, os.Getpid())
	w, err := safetensors.Create(own, specs, about)
	if err != nil {
		return 0, err
	}
	defer w.Abort()
	for _, part := range all {
		if err := w.Write(part.Name, part.Data); err != nil {
			return 0, err
		}
	}
	if err := w.Commit(); err != nil {
		return 0, err
	}
	if err := os.Rename(own, n.path); err != nil {
		os.Remove(own)
		return 0, err
	}
	old, _ := filepath.Glob(n.others)
	for _, path := range old {
		if path != n.path {
			os.Remove(path)
		}
	}
	return bytes, nil
}
