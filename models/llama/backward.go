package llama

import (
	"github.com/ajolote-ai/ajolote/torch"
)

// Trainer runs a model forward and backward. Its methods add to the gradients of whatever the model's tensors and adapters
// collect them for; call them inside [torch.Run].
type Trainer struct {
	Model *Model
	// Recompute keeps only each layer's input and runs the layer again on the way back (Chen et al., "Training Deep Nets with
	// Sublinear Memory Cost", 2016): about a third more time for a fraction of the memory. The gradients are the same.
	Recompute bool
	// FirstTrained is the first layer that has something to train; below it nothing goes backward. -1: the embedding too.
	FirstTrained int
}

// Step adds the gradients of the loss of rows, and returns the loss. With a prefix from [Trainer.Start], its gradients are
// collected too. Without targets nothing is computed.
func (t *Trainer) Step(s *torch.Scope, rows Rows, targets Targets) float64 {
	if len(targets.Rows) == 0 {
		return 0
	}
	step := s.Child("step")
	defer step.Close()
	rows.Outputs = targets.Rows
	if t.Recompute {
		return t.stepRecomputing(step, rows, targets)
	}
	loss := t.Model.Loss(t.Model.Hidden(step, rows), targets)
	value := loss.Item()
	if loss.RequiresGrad() {
		loss.Backward()
	}
	return value
}

// stepRecomputing keeps the last layer's insides: its backward pass comes at once.
func (t *Trainer) stepRecomputing(s *torch.Scope, rows Rows, targets Targets) float64 {
	m := t.Model
	last := len(m.Layers) - 1
	r := t.forward(s, rows, last, false)
	top := s.Child("top")
	x := r.inputs[last].In(top).Detach().SetRequiresGrad(last > t.FirstTrained)
	y, _ := t.layer(r, last, x)
	loss := m.Loss(m.Norm.Forward(y), targets)
	value := loss.Item()
	if loss.RequiresGrad() {
		loss.Backward()
	}
	grad := x.Grad(s)
	top.Close()
	t.backward(s, r, last-1, grad, nil)
	return value
}

// run is what a recomputing forward pass keeps.
type run struct {
	rows   Rows
	inputs []*torch.Tensor // of each layer, and of the one above those that ran
	kv     []KV            // of each layer, without history; only when they were to be kept
	pass   *pass
}

// top is the output of the last layer; nil where none is wanted.
func (r *run) top() *torch.Tensor {
	if len(r.inputs) == len(r.kv) { // those of the layers alone
		return nil
	}
	return r.inputs[len(r.inputs)-1]
}

// forward runs the first n layers without gradients; keep collects every layer's keys and values.
func (t *Trainer) forward(s *torch.Scope, rows Rows, n int, keep bool) *run {
	m := t.Model
	r := &run{rows: rows, pass: m.pass(s, rows)}
	torch.NoGrad(func() {
		x := m.noisy(m.embed(s, rows.IDs), rows)
		for i := range n {
			r.inputs = append(r.inputs, x)
			inner := s.Child("layer")
			y, kv := t.layer(r, i, x.In(inner))
			if keep {
				r.kv = append(r.kv, KV{kv.K.Keep(s), kv.V.Keep(s)})
			}
			if x = y; y != nil {
				y.Keep(s)
			}
			inner.Close()
		}
		if x != nil {
			r.inputs = append(r.inputs, x)
		}
	})
	return r
}

// layer runs layer i on x, in x's scope.
func (t *Trainer) layer(r *run, i int, x *torch.Tensor) (*torch.Tensor, KV) {
	p := *r.pass
	y := t.Model.layer(i, x, r.rows, &p)
	return y, p.now
}

// backward goes through the layers from the given one to the first trained one. grad arrives at its output, nil for none; kv,
// unless nil, at every layer's keys and values.
func (t *Trainer) backward(s *torch.Scope, r *run, from int, grad *torch.Tensor, kv []KV) {
	m := t.Model
	for i := from; i >= max(t.FirstTrained, 0); i-- {
		inner := s.Child("layer")
		x := r.inputs[i].In(inner).Detach().SetRequiresGrad(i > t.FirstTrained)
		y, now := t.layer(r, i, x)
		roots, grads := []*torch.Tensor{}, []*torch.Tensor{}
		arrive := func(root, g *torch.Tensor) {
			if g != nil && root.RequiresGrad() { // a prefix has no output, and no gradient of it
				roots, grads = append(roots, root), append(grads, g)
			}
		}
		arrive(y, grad)
		if kv != nil {
			arrive(now.K, kv[i].K)
			arrive(now.V, kv[i].V)
		}
		if len(roots) > 0 {
			torch.Backward(roots, grads)
		}
		if grad = x.Grad(inner); grad != nil {
			grad = grad.Keep(s)
		}
		inner.Close()
	}
	if t.FirstTrained < 0 && grad != nil {
		torch.Backward([]*torch.Tensor{m.embed(s, r.rows.IDs)}, []*torch.Tensor{grad})
	}
}

// SharedPrefix is a prefix in training: several steps continue it, then its own backward pass runs once with the gradients
// that they have left at its keys and values.
type SharedPrefix struct {
	// Prefix has leaves that collect gradients: the keys and values without history.
	Prefix
	Loss    float64 // of the prefix's own targets
	trainer *Trainer
	scope   *torch.Scope
	targets Targets
	loss    *torch.Tensor // Loss with history; nil without targets, or when recomputing
	roots   []KV          // with history, unless recomputing
	run     *run
}

// Start computes the prefix ids in s. targets are those inside it; where there are none, the last hidden states are not even
// made. The weight of a target says for how many of the sequences that continue the prefix it counts.
func (t *Trainer) Start(s *torch.Scope, ids []int32, targets Targets) *SharedPrefix {
	p := &SharedPrefix{trainer: t, scope: s, targets: targets}
	rows := Rows{IDs: ids, Outputs: append([]int{}, targets.Rows...)}
	m := t.Model
	if t.Recompute {
		p.run = t.forward(s, rows, len(m.Layers), true)
		p.roots = p.run.kv
		torch.NoGrad(func() { p.Loss, _ = p.top(p.run.top()) })
	} else {
		var x *torch.Tensor
		x, p.roots = m.forward(s, rows, true)
		p.Loss, p.loss = p.top(x)
	}
	p.Length = len(ids)
	for i, kv := range p.roots {
		trained := i >= t.FirstTrained
		p.Layers = append(p.Layers, KV{kv.K.Detach().SetRequiresGrad(trained), kv.V.Detach().SetRequiresGrad(trained)})
	}
	return p
}

// top is the loss of the prefix's targets, given the last layer's output at their rows; nil for none.
func (p *SharedPrefix) top(x *torch.Tensor) (float64, *torch.Tensor) {
	if x == nil {
		return 0, nil
	}
	m := p.trainer.Model
	loss := m.Loss(m.Norm.Forward(x), p.targets)
	return loss.Item(), loss
}

// Backward adds the gradients that have arrived at the prefix, and those of its own targets. It is called once, after the last
// step on it.
func (p *SharedPrefix) Backward() {
	grads := make([]KV, len(p.Layers))
	for i, leaf := range p.Layers {
		grads[i] = KV{leaf.K.Grad(p.scope), leaf.V.Grad(p.scope)}
	}
	if p.run != nil {
		p.trainer.backward(p.scope, p.run, len(grads)-1, p.topGradient(), grads)
		return
	}
	var roots, arrived []*torch.Tensor
	for i, root := range p.roots {
		for _, pair := range [][2]*torch.Tensor{{root.K, grads[i].K}, {root.V, grads[i].V}} {
			if pair[0].RequiresGrad() && pair[1] != nil {
				roots, arrived = append(roots, pair[0]), append(arrived, pair[1])
			}
		}
	}
	if p.loss != nil && p.loss.RequiresGrad() {
		roots, arrived = append(roots, p.loss), append(arrived, nil)
	}
	if len(roots) > 0 {
		torch.Backward(roots, arrived)
	}
}

// topGradient adds the gradients above the layers, of the loss of the prefix's own targets, and returns that of the last layer's
// output; nil for none.
func (p *SharedPrefix) topGradient() *torch.Tensor {
	output := p.run.top()
	if output == nil {
		return nil
	}
	top := p.scope.Child("top")
	defer top.Close()
	x := output.In(top).Detach().SetRequiresGrad(len(p.roots)-1 >= p.trainer.FirstTrained)
	if _, loss := p.top(x); loss.RequiresGrad() {
		loss.Backward()
	}
	return x.Grad(p.scope)
}
