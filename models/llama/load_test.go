package llama_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// checkpoint is a model directory whose files a test changes.
type checkpoint struct {
	dir     string
	weights []byte
}

func copyOf(t *testing.T, name string) checkpoint {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(modelDir(name))))
	data, err := os.ReadFile(filepath.Join(dir, "model.safetensors"))
	require.NoError(t, err)
	return checkpoint{dir, data}
}

func (c checkpoint) write(t *testing.T, weights []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, "model.safetensors"), weights, 0o644))
}

// try loads the model and computes; it returns the logits, or the error.
func (c checkpoint) try(o llama.LoadOptions) ([]float32, error) {
	m, err := llama.Load(context.Background(), c.dir, o)
	if err != nil {
		return nil, err
	}
	defer m.Free()
	s := torch.NewScope("try")
	defer s.Close()
	return m.Logits(m.Hidden(s, llama.Rows{IDs: []int32{1, 5, 9}})).Floats(), nil
}

// header takes a safetensors file apart.
func header(weights []byte) (head map[string]json.RawMessage, data []byte) {
	n := binary.LittleEndian.Uint64(weights)
	_ = json.Unmarshal(weights[8:8+n], &head)
	return head, weights[8+n:]
}

// tensors rewrites the checkpoint with its tensors changed by edit, which may also return others.
func (c checkpoint) tensors(t *testing.T, edit func(spec safetensors.Spec, data []byte) []safetensors.Spec) {
	t.Helper()
	w, err := safetensors.Open(filepath.Join(modelDir("gqa"), "model.safetensors"))
	require.NoError(t, err)
	defer w.Close()
	var specs []safetensors.Spec
	data := map[string][]byte{}
	for _, source := range w.Tensors() {
		bytes, err := source.Read()
		require.NoError(t, err)
		for _, spec := range edit(source.Spec, bytes) {
			specs = append(specs, spec)
			data[spec.Name] = append(bytes, make([]byte, max(0, int(spec.Bytes())-len(bytes)))...)[:spec.Bytes()]
		}
	}
	out, err := safetensors.Create(filepath.Join(c.dir, "model.safetensors"), specs, nil)
	require.NoError(t, err)
	for name, d := range data {
		require.NoError(t, out.Write(name, d))
	}
	require.NoError(t, out.Commit())
}

func TestACutCheckpointIsAnErrorThatNamesTheFirstTensorWithoutItsBytes(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	c := copyOf(t, "gqa")
	head, data := header(c.weights)
	dataAt := len(c.weights) - len(data)
	for cut := 0; cut < len(c.weights); cut += 97 {
		c.write(t, c.weights[:cut])
		_, err := c.try(llama.LoadOptions{})
		require.Error(t, err, "cut to %d bytes", cut)
		require.ErrorContains(t, err, "model.safetensors")
		if cut < dataAt {
			continue
		}
		named := false
		for name := range head {
			named = named || strings.Contains(err.Error(), name)
		}
		require.True(t, named, "cut to %d bytes: %v", cut, err)
	}
}

func TestAFlippedBitInTheHeaderIsAnErrorOrChangesNothing(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	c := copyOf(t, "gqa")
	want, err := c.try(llama.LoadOptions{})
	require.NoError(t, err)
	_, data := header(c.weights)
	dataAt := len(c.weights) - len(data)
	r := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for range 400 {
		bad := bytes.Clone(c.weights)
		bad[r.IntN(dataAt)] ^= 1 << r.IntN(8)
		c.write(t, bad)
		got, err := c.try(llama.LoadOptions{})
		if err != nil {
			refused++
			continue
		}
		require.Equal(t, want, got)
	}
	require.Greater(t, refused, 300)
}

func TestATensorWithANaNOrAnInfinityIsRefusedByName(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	for _, name := range []string{"model.layers.1.mlp.down_proj.weight", "model.layers.0.self_attn.q_proj.weight", "model.norm.weight", "model.embed_tokens.weight"} {
		for what, bits := range map[string]uint32{"NaN": 0x7fc00000, "infinity": 0xff800000} {
			for _, quantise := range []bool{false, true} {
				c := copyOf(t, "gqa")
				c.tensors(t, func(spec safetensors.Spec, data []byte) []safetensors.Spec {
					if spec.Name == name {
						binary.LittleEndian.PutUint32(data[len(data)-8:], bits)
					}
					return []safetensors.Spec{spec}
				})
				_, err := c.try(llama.LoadOptions{Load4Bit: quantise})
				require.ErrorContains(t, err, name, "%s, quantising: %v", what, quantise)
			}
		}
	}
}

func TestEveryTensorThatDoesNotFitIsListed(t *testing.T) {
	torchtest.Need(t)
	c := copyOf(t, "gqa")
	c.tensors(t, func(spec safetensors.Spec, _ []byte) []safetensors.Spec {
		switch spec.Name {
		case "model.layers.0.self_attn.q_proj.weight":
			return nil
		case "model.layers.1.mlp.up_proj.weight":
			spec.Shape = []int64{spec.Shape[1], spec.Shape[0]}
		case "model.norm.weight":
			extra := spec
			extra.Name = "model.layers.7.self_attn.q_proj.weight"
			return []safetensors.Spec{spec, extra}
		}
		return []safetensors.Spec{spec}
	})
	_, err := c.try(llama.LoadOptions{})
	require.ErrorContains(t, err, "model.layers.0.self_attn.q_proj.weight is missing")
	require.ErrorContains(t, err, "model.layers.1.mlp.up_proj.weight has shape [32 48], the model wants [48 32]")
	require.ErrorContains(t, err, "model.layers.7.self_attn.q_proj.weight has no place in the model")
}

func TestOldCheckpointsWithRotaryBuffersLoad(t *testing.T) {
	torchtest.Need(t)
	c := copyOf(t, "gqa")
	want, err := c.try(llama.LoadOptions{})
	require.NoError(t, err)
	c.tensors(t, func(spec safetensors.Spec, _ []byte) []safetensors.Spec {
		if !strings.HasSuffix(spec.Name, "q_proj.weight") {
			return []safetensors.Spec{spec}
		}
		buffer := safetensors.Spec{Name: strings.TrimSuffix(spec.Name, "q_proj.weight") + "rotary_emb.inv_freq", DType: safetensors.F32, Shape: []int64{4}}
		return []safetensors.Spec{spec, buffer}
	})
	got, err := c.try(llama.LoadOptions{})
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestAnIndexThatNamesAMissingShardIsAnErrorThatNamesIt(t *testing.T) {
	torchtest.Need(t)
	c := copyOf(t, "gqa")
	head, _ := header(c.weights)
	places := map[string]string{}
	for name := range head {
		if name != "__metadata__" {
			places[name] = "model-00001-of-00002.safetensors"
		}
	}
	places["model.norm.weight"] = "model-00002-of-00002.safetensors"
	index, err := json.Marshal(map[string]any{"metadata": map[string]any{}, "weight_map": places})
	require.NoError(t, err)
	require.NoError(t, os.Rename(filepath.Join(c.dir, "model.safetensors"), filepath.Join(c.dir, "model-00001-of-00002.safetensors")))
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, "model.safetensors.index.json"), index, 0o644))
	_, err = c.try(llama.LoadOptions{})
	require.ErrorContains(t, err, "model-00002-of-00002.safetensors")
}

func TestACopyOfTheQuantisedWeightsIsReadAtTheNextStart(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	for _, double := range []bool{false, true} {
		c := copyOf(t, "gqa")
		var said []string
		kept := &llama.Copies{Dir: t.TempDir(), Least: 1, Say: func(text string) { said = append(said, text) }}
		o := llama.LoadOptions{Load4Bit: true, DoubleQuant: double, Copies: kept}
		load := func() []float32 {
			said = nil
			logits, err := c.try(o)
			require.NoError(t, err)
			return logits
		}
		copies := func() []string {
			list, err := filepath.Glob(filepath.Join(kept.Dir, "*"))
			require.NoError(t, err)
			return list
		}
		want := load()
		require.Len(t, said, 1)
		require.Regexp(t, regexp.MustCompile(`quantised copy .* [0-9.]+ GB`), said[0])
		first := copies()
		require.Len(t, first, 1)
		written, err := os.Stat(first[0])
		require.NoError(t, err)

		require.Equal(t, want, load())
		require.Empty(t, said, "the copy is used as it is")
		again, err := os.Stat(first[0])
		require.NoError(t, err)
		require.Equal(t, written.ModTime(), again.ModTime())

		// Any change of the copy's bytes is seen, and mended.
		data, err := os.ReadFile(first[0])
		require.NoError(t, err)
		_, body := header(data)
		for _, at := range []int{9, 100, len(data) - len(body), len(data) - len(body)/2, len(data) - 1} {
			bad := bytes.Clone(data)
			bad[at] ^= 4
			require.NoError(t, os.WriteFile(first[0], bad, 0o644))
			require.Equal(t, want, load(), "byte %d", at)
			require.Equal(t, want, load())
			require.Empty(t, said)
		}

		// Another state of the checkpoint has another copy, which replaces the first.
		c.tensors(t, func(spec safetensors.Spec, data []byte) []safetensors.Spec {
			if spec.Name == "model.layers.0.mlp.up_proj.weight" {
				clear(data)
			}
			return []safetensors.Spec{spec}
		})
		changed := load()
		require.NotEqual(t, want, changed)
		require.Len(t, said, 1)
		require.Len(t, copies(), 1)
		require.NotEqual(t, first, copies())
		without, err := c.try(llama.LoadOptions{Load4Bit: true, DoubleQuant: double})
		require.NoError(t, err)
		require.Equal(t, without, changed)
	}
}
