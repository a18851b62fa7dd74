package qlora_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func open(t *testing.T, name string) *safetensors.Weights {
	file, err := safetensors.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	return file
}

func TestQuantizingAModelGivesTheFileOfTransformers(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	plain, quantised, wide := open(t, "plain.safetensors"), open(t, "model.safetensors"), open(t, "model_bfloat16_storage.safetensors")
	n := 0
	for _, tensor := range plain.Tensors() {
		if !strings.HasSuffix(tensor.Name, "_proj.weight") {
			require.False(t, qlora.IsStored(quantised, tensor.Name), tensor.Name)
			continue
		}
		n++
		w, err := qlora.QuantizeStored(tensor, qlora.Options{DoubleQuant: true})
		require.NoError(t, err)
		requireStored(t, quantised, tensor.Name, w)
		w.Free()
		require.Equal(t, safetensors.BF16, wide.Tensor(tensor.Name).DType)
		w, err = qlora.Read(wide, tensor.Name)
		require.NoError(t, err)
		requireStored(t, quantised, tensor.Name, w)
		w.Free()
	}
	require.Equal(t, 7, n)
}
