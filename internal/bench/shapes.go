package bench

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/models/llama"
)

// shapes are the config.json files of the published models, without what does not decide a shape. Sources: the model cards of
// BSC-LT/salamandra-2b and BSC-LT/salamandra-7b.
var shapes = map[string]string{
	"salamandra-2b": `{
  "architectures": ["LlamaForCausalLM"],
  "model_type": "llama",
  "vocab_size": 256000,
  "hidden_size": 2048,
  "intermediate_size": 5440,
  "num_hidden_layers": 24,
  "num_attention_heads": 16,
  "num_key_value_heads": 16,
  "max_position_embeddings": 8192,
  "rms_norm_eps": 1e-05,
  "rope_theta": 10000.0,
  "tie_word_embeddings": false,
  "torch_dtype": "bfloat16"
}
`,
	"salamandra-7b": `{
  "architectures": ["LlamaForCausalLM"],
  "model_type": "llama",
  "vocab_size": 256000,
  "hidden_size": 4096,
  "intermediate_size": 11008,
  "num_hidden_layers": 32,
  "num_attention_heads": 32,
  "num_key_value_heads": 8,
  "max_position_embeddings": 8192,
  "rms_norm_eps": 1e-05,
  "rope_theta": 10000.0,
  "tie_word_embeddings": false,
  "torch_dtype": "bfloat16"
}
`,
}

// Shapes names the models whose shapes [WriteShape] knows.
func Shapes() []string { return slices.Sorted(maps.Keys(shapes)) }

// WriteShape writes a model of a published model's shape with random weights into dir, to measure with. See
// [llama.WriteRandom].
func WriteShape(ctx context.Context, dir, shape string, o llama.RandomOptions) error {
	config, ok := shapes[shape]
	if !ok {
		return fmt.Errorf("no shape %q: there are %s", shape, strings.Join(Shapes(), ", "))
	}
	return llama.WriteRandom(ctx, dir, []byte(config), o)
}
