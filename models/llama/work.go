package llama

import (
	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
)

// This file: what training computes, to be known before anything is loaded, and in which type.

// Work counts what goes through a model in training, whatever its shape.
type Work struct {
	Tokens int // a prefix that examples share counts once
	Pairs  int // of a token and one that it attends to, itself included
	Labels int // tokens that count in the loss
}

// Operations counts those of the matrix products for w, forward and backward: of the layers, and of attention and head, which
// are computed in float32 whatever the type of the layers' products. wholeModel says that all weights are trained and not an
// adapter beside them, recompute that layers are computed again on the way back.
func (c Config) Operations(w Work, wholeModel, recompute bool) (layers, others float64) {
	inside := c.Parameters() - c.VocabSize*c.HiddenSize
	if !c.TieHead {
		inside -= c.VocabSize * c.HiddenSize
	}
	// Two operations a weight and token forward, two for the input's gradient; two more for the weights' own where all of the
	// model is trained, or to compute the layers again. Attention: four a pair and channel forward, ten backward. The head:
	// as the layers, and its scores are computed again on the way back instead of being kept.
	linear, attention, head := 4.0, 14.0, 6.0
	if wholeModel {
		linear, head = linear+2, head+2
	}
	if recompute {
		linear, attention = linear+2, attention+4
	}
	return linear * float64(inside) * float64(w.Tokens),
		attention*float64(c.Layers*c.Heads*c.HeadDim)*float64(w.Pairs) + head*float64(c.VocabSize*c.HiddenSize)*float64(w.Labels)
}

// MultiplyIn makes the linear layers multiply in dtype, which does not change the type of weights and of what is between the
// products. A head that is not in NF4, whose product is the loss's own, stays as it is.
func (m *Model) MultiplyIn(dtype torch.DType) {
	for name, place := range m.Linears() {
		switch l := (*place).(type) {
		case *qlora.Linear:
			l.Compute = dtype
		case *nn.Dense:
			if name != "lm_head" {
				l.Compute = dtype
			}
		}
	}
}
