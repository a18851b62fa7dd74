package torchtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
)

var dtypes = map[safetensors.DType]torch.DType{
	safetensors.Bool: torch.Bool, safetensors.U8: torch.Uint8, safetensors.I8: torch.Int8, safetensors.I32: torch.Int32,
	safetensors.I64: torch.Int64, safetensors.F16: torch.Float16, safetensors.BF16: torch.BFloat16,
	safetensors.F32: torch.Float32, safetensors.F64: torch.Float64,
}

// Goldens reads all tensors of a safetensors file into scope s (nil: long-lived), by name.
func Goldens(t testing.TB, s *torch.Scope, path string) map[string]*torch.Tensor {
	t.Helper()
	file, err := safetensors.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	all := map[string]*torch.Tensor{}
	for _, entry := range file.Tensors() {
		data, err := entry.Read()
		require.NoError(t, err)
		dtype, ok := dtypes[entry.DType]
		require.True(t, ok, "%s: tensor %s is %s", path, entry.Name, entry.DType)
		shape := make([]int, len(entry.Shape))
		for i, d := range entry.Shape {
			shape[i] = int(d)
		}
		all[entry.Name] = torch.FromBytes(s, data, dtype, shape...)
	}
	return all
}
