package llama

import (
	"iter"

	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
)

var _ nn.Exchangeable = (*Model)(nil)

// Places yields the place of every tensor that another one can take, under its name in a checkpoint: all but those of weights
// in NF4. Of a tied head the place is its own: what is put there does not reach the embedding.
func (m *Model) Places() iter.Seq2[string, **torch.Tensor] {
	return func(yield func(string, **torch.Tensor) bool) {
		if e, ok := m.Embed.(*nn.Embedding); ok && !yield("model.embed_tokens.weight", &e.Weight) {
			return
		}
		for i, l := range m.Layers {
			if !yield(layerName(i)+"input_layernorm.weight", &l.InputNorm.Weight) ||
				!yield(layerName(i)+"post_attention_layernorm.weight", &l.PostNorm.Weight) {
				return
			}
		}
		if !yield("model.norm.weight", &m.Norm.Weight) {
			return
		}
		for name, linear := range m.Linears() {
			var bias **torch.Tensor
			switch l := (*linear).(type) {
			case *nn.Dense:
				if bias = &l.Bias; !yield(name+".weight", &l.Weight) {
					return
				}
			case *qlora.Linear:
				bias = &l.Bias
			}
			if bias != nil && *bias != nil && !yield(name+".bias", bias) {
				return
			}
		}
	}
}
