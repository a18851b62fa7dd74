package llama

import (
	"fmt"

	"github.com/ajolote-ai/ajolote/torch"
)

// Rows is a flat row of tokens: several sequences, one after the other. With a Prefix, every sequence continues it: its
// tokens are counted from the prefix's length on and see all of the prefix.
type Rows struct {
	IDs    []int32 // below Config.VocabSize
	Bounds []int   // sequences+1 offsets into IDs, from 0 to len(IDs); nil for one sequence
	Prefix *Prefix // nil for none
	// Caches, one of each sequence, make the sequences go on where they were: their tokens so far are seen too, and the new
	// ones are appended. For generation, without gradients.
	Caches []*Cache
	// Outputs are the places in IDs whose hidden states are wanted, rising: the last layer, the final norm and the head then
	// compute no others. nil: all; empty: none, only keys and values.
	Outputs []int
}

// Prefix is the keys and values of the tokens that sequences begin with, layer by layer.
type Prefix struct {
	Length int  // tokens
	Layers []KV // [Length, KVHeads, HeadDim] each
}

// Validate says what is wrong with rows for a model.
func (r Rows) Validate(c Config) error {
	bounds := r.bounds()
	if len(r.IDs) == 0 {
		return fmt.Errorf("llama: no tokens")
	}
	for i := 1; i < len(bounds); i++ {
		if bounds[i] < bounds[i-1] {
			return fmt.Errorf("llama: sequence bounds %d fall", bounds)
		}
	}
	if bounds[0] != 0 || bounds[len(bounds)-1] != len(r.IDs) {
		return fmt.Errorf("llama: sequence bounds go from %d to %d, the tokens from 0 to %d", bounds[0], bounds[len(bounds)-1], len(r.IDs))
	}
	for i, id := range r.IDs {
		if id < 0 || int(id) >= c.VocabSize {
			return fmt.Errorf("llama: token %d has id %d, outside of the model's %d words: the tokenizer is not this model's", i, id, c.VocabSize)
		}
	}
	for i, at := range r.Outputs {
		if at >= len(r.IDs) || at < 0 || i > 0 && at <= r.Outputs[i-1] {
			return fmt.Errorf("llama: outputs %d do not rise from 0 to the last of %d tokens", r.Outputs, len(r.IDs))
		}
	}
	return nil
}

func (r Rows) bounds() []int {
	if r.Bounds == nil {
		return []int{0, len(r.IDs)}
	}
	return r.Bounds
}

// positions counts each sequence from the prefix's length on.
func (r Rows) positions() []int32 {
	positions := make([]int32, 0, len(r.IDs))
	start := 0
	if r.Prefix != nil {
		start = r.Prefix.Length
	}
	bounds := r.bounds()
	for i := 1; i < len(bounds); i++ {
		at := start
		if r.Caches != nil {
			at += r.Caches[i-1].Length
		}
		for p := range bounds[i] - bounds[i-1] {
			positions = append(positions, int32(at+p))
		}
	}
	return positions
}

// Hidden returns the last hidden states after the final norm, [tokens, hidden], in s; [outputs, hidden] where rows says which
// are wanted, and nil for none.
func (m *Model) Hidden(s *torch.Scope, rows Rows) *torch.Tensor {
	x, _ := m.forward(s, rows, false)
	if x == nil {
		return nil
	}
	return m.Norm.Forward(x)
}

// Start computes a prefix: the keys and values of ids, in s. With gradients recorded, they carry their graph.
func (m *Model) Start(s *torch.Scope, ids []int32) *Prefix {
	_, kv := m.forward(s, Rows{IDs: ids, Outputs: []int{}}, true)
	return &Prefix{Length: len(ids), Layers: kv}
}

// forward runs the layers; keep collects every layer's keys and values. The result is nil where no output is wanted.
func (m *Model) forward(s *torch.Scope, rows Rows, keep bool) (*torch.Tensor, []KV) {
	p := m.pass(s, rows)
	x := m.noisy(m.embed(s, rows.IDs), rows)
	var kept []KV
	for i := range m.Layers {
		// What a layer makes is freed behind it; with gradients recorded, the graph keeps what the way back needs.
		inner := s.Child("layer")
		y := m.layer(i, x.In(inner), rows, p)
		if y != nil {
			y.Keep(s)
		}
		if keep {
			kept = append(kept, KV{p.now.K.Keep(s), p.now.V.Keep(s)})
		}
		inner.Close()
		x.Free()
		x = y
	}
	for i, c := range rows.Caches {
		c.Length += p.bounds[i+1] - p.bounds[i]
	}
	return x, kept
}

// pass prepares what the layers share, in s.
func (m *Model) pass(s *torch.Scope, rows Rows) *pass {
	p := &pass{bounds: rows.bounds(), caches: rows.Caches}
	p.cos, p.sin = m.angles.rows(s, rows.positions())
	return p
}

// layer runs layer i on x [tokens, hidden]; p.now has its keys and values afterwards.
func (m *Model) layer(i int, x *torch.Tensor, rows Rows, p *pass) *torch.Tensor {
	if rows.Prefix != nil {
		p.past = rows.Prefix.Layers[i]
	}
	p.layer = i
	if i == len(m.Layers)-1 && rows.Outputs != nil {
		return m.Layers[i].forwardOutputs(x, rows.Outputs, p)
	}
	return m.Layers[i].Forward(x, p)
}

// embed looks tokens up: [tokens, hidden] in the compute type.
func (m *Model) embed(s *torch.Scope, ids []int32) *torch.Tensor {
	wide := make([]int64, len(ids))
	for i, id := range ids {
		wide[i] = int64(id)
	}
	return m.Embed.Forward(torch.FromSlice(s, wide, len(ids))).To(m.Compute)
}
