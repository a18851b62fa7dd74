package llama_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// FuzzLoad changes bytes of a checkpoint's files, the header of the weights above all: the model loads whole, or there is an
// error and nothing is left behind.
func FuzzLoad(f *testing.F) {
	if torch.Load() != nil {
		f.Skip("libtorch is not there")
	}
	source := f.TempDir()
	o := llama.RandomOptions{Seed: 1, NF4: true}
	config := []byte(`{"model_type": "llama", "vocab_size": 8, "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1,
		"num_attention_heads": 2, "num_key_value_heads": 1, "tie_word_embeddings": true}`)
	require.NoError(f, llama.WriteRandom(context.Background(), source, config, o))
	names := []string{"config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}
	files := make([][]byte, len(names))
	for i, name := range names {
		data, err := os.ReadFile(filepath.Join(source, name))
		require.NoError(f, err)
		files[i] = data
	}
	f.Add(uint8(2), uint16(0), []byte{0xff})
	f.Add(uint8(2), uint16(1200), []byte(`"U8"`))
	f.Add(uint8(3), uint16(90), []byte("9"))
	f.Add(uint8(0), uint16(60), []byte("-"))
	f.Add(uint8(1), uint16(40), []byte("}"))
	f.Fuzz(func(t *testing.T, file uint8, at uint16, change []byte) {
		torchtest.NoLeaks(t)
		dir := t.TempDir()
		for i, name := range names {
			data := files[i]
			if i == int(file)%len(names) {
				data = bytes.Clone(data)
				copy(data[int(at)%len(data):], change)
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o644))
		}
		m, err := llama.Load(context.Background(), dir, llama.LoadOptions{})
		if err != nil {
			require.Nil(t, m)
			return
		}
		for name, p := range m.Parameters() {
			require.NotZero(t, p.Len(), name)
		}
		m.Free()
	})
}
