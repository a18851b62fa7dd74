package salamandra

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// modelLogits are the logits of a short text.
func modelLogits(t *testing.T, dir string, o llama.LoadOptions) []float32 {
	t.Helper()
	m, err := llama.Load(context.Background(), dir, o)
	require.NoError(t, err)
	defer m.Free()
	s := torch.NewScope("test")
	defer s.Close()
	return m.Logits(m.Hidden(s, llama.Rows{IDs: []int32{1, 403, 407, 261, 378}})).Floats()
}

func TestAQuantisedFolderIsTheModelThatIsQuantisedWhileItLoads(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	var sizes []int64
	for _, o := range []QuantizeOptions{{}, {DoubleQuant: true}, {DoubleQuant: true, Embeddings: true}} {
		o.Model, o.Output = tinyModel, filepath.Join(t.TempDir(), "nf4")
		require.NoError(t, Quantize(context.Background(), o))
		want := modelLogits(t, tinyModel, llama.LoadOptions{Load4Bit: true, DoubleQuant: o.DoubleQuant, QuantizeEmbeddings: o.Embeddings})
		require.Equal(t, want, modelLogits(t, o.Output, llama.LoadOptions{}))
		info, err := os.Stat(filepath.Join(o.Output, "model.safetensors"))
		require.NoError(t, err)
		sizes = append(sizes, info.Size())
	}
	require.Less(t, sizes[2], sizes[1]-100_000, "the embedding alone had 131,072 bytes")
}

func TestAnAdapterTrainsOverAFolderWithItsEmbeddingInNF4(t *testing.T) {
	torchtest.Need(t)
	nf4 := filepath.Join(t.TempDir(), "nf4")
	require.NoError(t, Quantize(context.Background(), QuantizeOptions{Model: tinyModel, Output: nf4, DoubleQuant: true, Embeddings: true}))
	c := tinyConfig(t)
	c.BaseModel = nf4
	fineTune(t, c)
	l := losses(t, c)
	require.Less(t, l[len(l)-1], l[0])
	m, err := llama.Load(context.Background(), nf4, llama.LoadOptions{})
	require.NoError(t, err)
	defer m.Free()
	_, err = lora.Attach(m, lora.Config{R: 2, Alpha: 2, TargetModules: lora.AllLinear, ModulesToSave: []string{"embed_tokens"}}, &m.Clock, torch.NewGenerator(1))
	require.ErrorContains(t, err, "model.embed_tokens is quantised and cannot be trained in full")
}
