package llama_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/llama"
)

func TestAConfigurationsFaultsAreListedTogether(t *testing.T) {
	for _, c := range []struct {
		name, text string
		faults     []string
	}{
		{"another architecture", `{"model_type": "gemma"}`, []string{`model_type is "gemma"`}},
		{"several", `{"model_type": "llama", "hidden_act": "gelu", "num_hidden_layers": 0, "eos_token_id": "x"}`,
			[]string{"hidden_act", "num_hidden_layers is 0", "eos_token_id"}},
		{"heads", `{"model_type": "llama", "num_attention_heads": 6, "num_key_value_heads": 4}`, []string{"num_key_value_heads is 4", "must divide"}},
		{"odd heads", `{"model_type": "llama", "head_dim": 7}`, []string{"head_dim is 7"}},
		{"unknown rotation", `{"model_type": "llama", "rope_scaling": {"type": "longrope", "factor": 2}}`, []string{`"longrope" is not known`}},
		{"no factor", `{"model_type": "llama", "rope_scaling": {"type": "linear"}}`, []string{"needs a factor"}},
		{"a base that overflows", `{"model_type": "llama", "rope_theta": 1e-300}`, []string{"rope: its parameters give the frequency"}},
		{"a base of one", `{"model_type": "llama", "rope_theta": 1, "rope_scaling": {"rope_type": "yarn", "factor": 8}}`, []string{"frequency"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := llama.ParseConfig([]byte(c.text))
			for _, fault := range c.faults {
				require.ErrorContains(t, err, fault)
			}
		})
	}
}

// FuzzParseConfig: whatever the text, the result is an error or a shape that can be computed with.
func FuzzParseConfig(f *testing.F) {
	files, err := filepath.Glob("testdata/*/config.json")
	require.NoError(f, err)
	for _, path := range append(files, "../../testdata/stories260k/config.json") {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(text)
	}
	for _, text := range []string{`{"model_type": "llama", "hidden_size": 9e99}`, `{"model_type": "llama", "head_dim": -2}`, `[]`, `{`, `null`,
		`{"model_type": "llama", "rope_scaling": {"rope_type": "yarn", "factor": 1e300, "beta_fast": 1e-300}}`,
		`{"model_type": "llama", "rope_scaling": {"rope_type": "dynamic", "factor": 1e300}, "head_dim": 2}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := llama.ParseConfig(text)
		if err != nil {
			require.Equal(t, llama.Config{}, c)
			return
		}
		require.Positive(t, c.Parameters())
		require.Zero(t, c.Heads%c.KVHeads)
		require.Zero(t, c.HeadDim%2)
		require.Contains(t, []string{"llama", "mistral"}, c.ModelType)
	})
}
