package llama_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestWeightBytesAreWhatTheLoadedTensorsTake(t *testing.T) {
	torchtest.Need(t)
	for _, name := range []string{"gqa", "mha-tied", "bias", "bf16"} {
		for _, quantise := range []bool{false, true} {
			o := llama.LoadOptions{Load4Bit: quantise, DoubleQuant: name != "gqa"}
			m := load(t, modelDir(name), o)
			var bytes int64
			for parameter, p := range m.Parameters() {
				bytes += int64(p.Len() * p.DType().Size())
				if quantise && name != "bf16" && (parameter == "model.embed_tokens.weight" || parameter == "lm_head.weight") {
					bytes -= int64(p.Len() * 2) // these files have float32, where the figure is for 16 bits
				}
			}
			said := m.Config.WeightBytes(o)
			if quantise { // every layer holds the tables of NF4 and its description besides
				require.InDelta(t, said, bytes, float64(14*(64+1024+300)), "%s", name)
				require.GreaterOrEqual(t, bytes, said)
			} else {
				require.Equal(t, said, bytes, "%s", name)
			}
		}
	}
}
