package salamandra

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// partsOf sums the parts and checks that they are the whole.
func partsOf(t *testing.T, r *Inspection) map[string]Part {
	t.Helper()
	parts := map[string]Part{}
	var parameters, bytes int64
	for _, p := range r.Parts {
		parts[p.Name] = p
		parameters, bytes = parameters+p.Parameters, bytes+p.Bytes
	}
	require.Equal(t, r.Parameters, parameters)
	require.Equal(t, r.Bytes, bytes)
	return parts
}

func TestInspectCountsTheParametersThatTheConfigurationSays(t *testing.T) {
	r, err := Inspect("../testdata/stories260k", 100, 10, 100)
	require.NoError(t, err)
	c, err := llama.ReadConfig("../testdata/stories260k")
	require.NoError(t, err)
	require.Equal(t, "language model", r.Kind)
	parts := partsOf(t, r)
	require.NotContains(t, parts, "other")
	require.Equal(t, int64(c.VocabSize*c.HiddenSize), parts["embedding"].Parameters)
	require.Equal(t, int64(c.Parameters()), r.Parameters)
	require.Equal(t, 4*r.Parameters, r.Bytes, "all in float32")

	require.Len(t, r.Memory, 2)
	require.Equal(t, 10, r.Memory[0].Tokens)
	for _, need := range r.Memory {
		require.Less(t, need.Inference4Bit, need.Inference)
		require.Less(t, need.TrainingRecompute, need.Training)
		require.Greater(t, need.Inference, r.Bytes)
	}
	require.Contains(t, r.String(), "embedding")
}

func TestInspectCountsNF4WeightsByWhatTheyStandFor(t *testing.T) {
	torchtest.Need(t)
	plain, err := Inspect("../testdata/stories260k")
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "nf4")
	require.NoError(t, Quantize(context.Background(), QuantizeOptions{Model: "../testdata/stories260k", Output: dir, DoubleQuant: true}))
	r, err := Inspect(dir)
	require.NoError(t, err)
	require.Equal(t, plain.Parameters, r.Parameters)
	was, is := partsOf(t, plain), partsOf(t, r)
	require.Equal(t, was["mlp"].Parameters, is["mlp"].Parameters)
	require.Equal(t, []string{"NF4"}, is["mlp"].Types)
	require.Less(t, is["mlp"].Bytes, was["mlp"].Bytes)
	require.Equal(t, was["embedding"], is["embedding"])
}

func TestInspectNamesWhatAnAdapterSitsOn(t *testing.T) {
	r, err := Inspect("testdata/qlora/adapter")
	require.NoError(t, err)
	require.Equal(t, "adapter", r.Kind)
	require.Contains(t, r.Architecture, "q_proj")
	require.Positive(t, partsOf(t, r)["adapter"].Parameters)
	require.Empty(t, r.Memory)
}

func TestInspectOfAFolderWithoutAModelSaysSo(t *testing.T) {
	_, err := Inspect(t.TempDir())
	require.ErrorContains(t, err, "neither config.json nor adapter_config.json")
	_, err = Inspect("../testdata/stories260k", 0)
	require.ErrorContains(t, err, "0 tokens")
}
