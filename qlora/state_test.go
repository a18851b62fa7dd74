package qlora

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
)

// FuzzState: whatever the text, parsing returns a state that can be computed with, or an error; and what is accepted is
// written again with the same meaning.
func FuzzState(f *testing.F) {
	for _, text := range []string{
		`{"quant_type": "nf4", "blocksize": 64, "dtype": "bfloat16", "shape": [64, 64], "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": 0.4567}`,
		`{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [64]}`,
		`{"quant_type": "nf4", "blocksize": 4096, "dtype": "float16", "shape": [1, 2, 3], "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": 1e-45}`,
		`{"quant_type": "nf4", "shape": [9223372036854775807, 2], "blocksize": 64, "dtype": "float32"}`,
		`[]`, `{`, `null`, `{"shape": {}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseState(text)
		if err != nil {
			return
		}
		w := newWeight(s.Shape, stateDTypes[s.DType], s.BlockSize)
		require.Positive(t, w.Elements())
		require.LessOrEqual(t, w.Elements(), maxElements)
		if s.NestedOffset != nil {
			w.NF4.Nested = &torch.NestedAbsmax{Offset: float32(*s.NestedOffset)}
		}
		again, err := parseState(stateOf(w))
		require.NoError(t, err)
		if s.NestedOffset != nil {
			require.Equal(t, float32(*s.NestedOffset), float32(*again.NestedOffset))
			s.NestedOffset, again.NestedOffset = nil, nil
		}
		require.Equal(t, s, again)
	})
}
