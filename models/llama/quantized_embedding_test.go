package llama_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// These tests are about embedding and head in NF4, on checkpoints that WriteRandom writes.

// wholeBlocks is a shape whose rows are whole blocks of NF4; %v says whether the head is tied.
const wholeBlocks = `{"model_type": "llama", "vocab_size": 96, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
	"num_attention_heads": 4, "num_key_value_heads": 2, "attention_bias": true, "tie_word_embeddings": %v, "dtype": "bfloat16"}`

func writeShape(t *testing.T, tied bool, o llama.RandomOptions) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, llama.WriteRandom(context.Background(), dir, fmt.Appendf(nil, wholeBlocks, tied), o))
	return dir
}

func logits(t *testing.T, m *llama.Model) []float32 {
	t.Helper()
	s := torch.NewScope("test")
	defer s.Close()
	return m.Logits(m.Hidden(s, llama.Rows{IDs: tokens(12, m.Config.VocabSize, 3)})).Floats()
}

func TestQuantisedEmbeddingsGiveTheLogitsOfTheirDequantisedValues(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	for _, tied := range []bool{false, true} {
		dir := writeShape(t, tied, llama.RandomOptions{Seed: 5})
		open := func(o llama.LoadOptions) *llama.Model {
			m, err := llama.Load(context.Background(), dir, o)
			require.NoError(t, err)
			return m
		}
		got := open(llama.LoadOptions{Load4Bit: true, DoubleQuant: true, QuantizeEmbeddings: true})
		require.IsType(t, &qlora.Embedding{}, got.Embed)
		require.IsType(t, &qlora.Linear{}, got.Head)

		want := open(llama.LoadOptions{Load4Bit: true, DoubleQuant: true})
		untouched := logits(t, want)
		for name, p := range want.Parameters() {
			if name == "model.embed_tokens.weight" || name == "lm_head.weight" {
				w, err := qlora.Quantize(name, p, qlora.Options{DoubleQuant: true})
				require.NoError(t, err)
				value, err := w.Dequantize(nil, torch.Float32)
				require.NoError(t, err)
				if p.Free(); name == "lm_head.weight" {
					want.Head = &nn.Dense{Weight: value}
				} else if want.Embed = (&nn.Embedding{Weight: value}); tied {
					want.Head = &nn.Dense{Weight: value}
				}
				w.Free()
			}
		}
		closeTo(t, logits(t, want), logits(t, got), 1e-5)
		require.NotEqual(t, untouched, logits(t, got))
		want.Free()
		got.Free()
	}
}

func TestAModelWrittenInNF4IsTheOneThatIsQuantisedWhileItLoads(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	for _, tied := range []bool{false, true} {
		for _, embeddings := range []bool{false, true} {
			var found [][]float32
			for _, written := range []bool{false, true} {
				dir := writeShape(t, tied, llama.RandomOptions{Seed: 5, NF4: written, Embeddings: embeddings})
				copies := &llama.Copies{Dir: t.TempDir(), Least: 1}
				for range 2 { // the second time from the copy
					o := llama.LoadOptions{Load4Bit: true, DoubleQuant: true, QuantizeEmbeddings: embeddings, Copies: copies}
					m, err := llama.Load(context.Background(), dir, o)
					require.NoError(t, err)
					found = append(found, logits(t, m))
					m.Free()
				}
				kept, err := os.ReadDir(copies.Dir)
				require.NoError(t, err)
				require.Equal(t, written, len(kept) == 0, "no copy of what is in NF4 already")
			}
			for _, f := range found[1:] {
				require.Equal(t, found[0], f, "tied %v, embeddings %v", tied, embeddings)
			}
		}
	}
}

func TestAnEmbeddingOfBrokenBlocksIsRefused(t *testing.T) {
	torchtest.Need(t)
	c := copyOf(t, "gqa")
	_, err := c.try(llama.LoadOptions{Load4Bit: true, QuantizeEmbeddings: true})
	require.ErrorContains(t, err, "an embedding in NF4 needs a hidden_size that is a multiple of 64, not 32")
}
