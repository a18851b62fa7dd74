package sbert

import (
	"fmt"
	"iter"

	"github.com/ajolote-ai/ajolote/torch"
)

func (d *Dense) parameters(yield func(string, *torch.Tensor) bool) {
	if yield("linear.weight", d.Weight) && d.Bias != nil {
		yield("linear.bias", d.Bias)
	}
}

// Parameters yields every tensor that training moves: the encoder's under their names in its file, without the pooler,
// which no pooling here looks at; then the dense layers', as "2_Dense.linear.weight".
func (m *Model) Parameters() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for name, p := range m.Encoder.Parameters() {
			if name != "pooler.dense.weight" && name != "pooler.dense.bias" && !yield(name, p) {
				return
			}
		}
		for i, module := range m.After {
			if d, ok := module.(*Dense); ok {
				for name, p := range d.parameters {
					if !yield(fmt.Sprintf("%d_Dense.%s", i+2, name), p) {
						return
					}
				}
			}
		}
	}
}
