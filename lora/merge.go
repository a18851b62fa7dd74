package lora

import (
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
)

// This file: an adapter whose products are added to the weights of a model in memory. Checkpoints are merged without a model, from
// a [Stored].

// Merge puts dense layers with W + Scale · BA, with DoRA stretched, in the places of the adapted ones: for inference, where each
// product then costs what the base's does. The sum is made in float32 and rounded once to the type of a dense base; over a
// quantised base the layer is float32. The adapter and its bases stay in memory for [Adapter.Unmerge].
func (a *Adapter) Merge() (err error) {
	defer torch.Catch(&err)
	if a.merged {
		return nil
	}
	layers := make([]*nn.Dense, len(a.modules))
	defer func() {
		if r := recover(); r != nil { // half of it would be another model
			for _, l := range layers {
				if l != nil {
					l.Weight.Free()
				}
			}
			panic(r)
		}
	}()
	torch.NoGrad(func() {
		for i, m := range a.modules {
			layers[i] = m.merged()
		}
	})
	for i, m := range a.modules {
		*m.place = layers[i]
	}
	a.merged = true
	return nil
}

// Unmerge puts the adapted layers back, exactly as they were. Without [Adapter.Merge] before it does nothing.
func (a *Adapter) Unmerge() {
	if !a.merged {
		return
	}
	for _, m := range a.modules {
		if l, ok := (*m.place).(*nn.Dense); ok {
			l.Weight.Free()
		}
		m.attach(a.Config.UseDoRA)
	}
	a.merged = false
}

// merged is the layer with the adapter in its weight.
func (m module) merged() *nn.Dense {
	s := torch.NewScope("merge")
	defer s.Close()
	dtype, layer := torch.Float32, &nn.Dense{}
	for name, p := range m.base.Parameters() {
		if name == "bias" {
			layer.Bias = p
		}
	}
	if dense, ok := m.base.(*nn.Dense); ok {
		dtype, layer.Compute = dense.Weight.DType(), dense.Compute
	}
	weighted, ok := m.base.(Weighted)
	if !ok {
		panic(&torch.Error{Op: "Merge", Msg: m.name + ": its layer does not show its weight"})
	}
	sum := weighted.DenseWeight(s).To(torch.Float32).Add(m.term.B.In(s).MatMul(m.term.A.In(s)).MulScalar(m.term.Scale))
	if m.magnitude != nil {
		sum = sum.Mul(m.magnitude.In(s).Div(sum.Norm(1)).Unsqueeze(1))
	}
	layer.Weight = sum.To(dtype).Contiguous().Keep(nil)
	return layer
}
