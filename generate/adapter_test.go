package generate_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// Token by token through caches, with NF4 weights and an adapter, the model must write what whole forward passes pick.
func TestDecodingWithAnAdapterEqualsWholeForwardPasses(t *testing.T) {
	torchtest.Need(t)
	m, err := llama.Load(context.Background(), storiesDir, llama.LoadOptions{Load4Bit: true, DoubleQuant: true})
	require.NoError(t, err)
	defer m.Free()
	a, err := lora.Load(m, "../salamandra/testdata/qlora/adapter", &m.Clock)
	require.NoError(t, err)
	defer a.Free()
	g := &generate.Generator{Model: m}
	defer g.Close()
	prompt := []int32{1, 403, 407, 261, 378}
	r, err := g.Generate(context.Background(), generate.Request{Prompt: prompt, Options: generate.Options{MaxNewTokens: 40}})
	require.NoError(t, err)
	ids := prompt
	for range 40 {
		s := torch.NewScope("test")
		var best []int64
		torch.NoGrad(func() {
			hidden := m.Hidden(s, llama.Rows{IDs: ids})
			best = torch.ToSlice[int64](m.Logits(hidden.Rows(len(ids)-1, len(ids))).Argmax(1))
		})
		s.Close()
		ids = append(ids, int32(best[0]))
	}
	require.Equal(t, ids[len(prompt):], r.Tokens)
}
