package bert

import (
	"fmt"

	"github.com/ajolote-ai/ajolote/torch"
)

// Rows is a flat row of tokens: several texts, one after the other.
type Rows struct {
	IDs    []int32
	Bounds []int // texts+1 offsets into IDs, from 0 to len(IDs); nil for one text
}

// Join makes rows of texts' token ids.
func Join(texts ...[]int32) Rows {
	r := Rows{Bounds: []int{0}}
	for _, ids := range texts {
		r.IDs = append(r.IDs, ids...)
		r.Bounds = append(r.Bounds, len(r.IDs))
	}
	return r
}

func (r Rows) bounds() []int {
	if r.Bounds == nil {
		return []int{0, len(r.IDs)}
	}
	return r.Bounds
}

// Validate says what is wrong with rows for a model.
func (r Rows) Validate(c Config) error {
	if len(r.IDs) == 0 {
		return fmt.Errorf("bert: no tokens")
	}
	bounds := r.bounds()
	if bounds[0] != 0 || bounds[len(bounds)-1] != len(r.IDs) {
		return fmt.Errorf("bert: text bounds go from %d to %d, the tokens from 0 to %d", bounds[0], bounds[len(bounds)-1], len(r.IDs))
	}
	for i := 1; i < len(bounds); i++ {
		if n := bounds[i] - bounds[i-1]; n < 0 || n > c.MaxTokens() {
			return fmt.Errorf("bert: text %d has %d tokens, the model has positions for %d: shorten the texts (max_seq_length)", i-1, n, c.MaxTokens())
		}
	}
	for i, id := range r.IDs {
		if id < 0 || int(id) >= c.VocabSize {
			return fmt.Errorf("bert: token %d has id %d, outside of the model's %d words: the tokenizer is not this model's", i, id, c.VocabSize)
		}
	}
	return nil
}

// positions counts each text's tokens from 0; in RoBERTa from PAD+1, where padding words in a text stay at PAD and do not
// count.
func (r Rows) positions(c Config) []int64 {
	ids := r.IDs
	positions := make([]int64, len(ids))
	bounds := r.bounds()
	for i := 1; i < len(bounds); i++ {
		n := int64(0)
		for at := bounds[i-1]; at < bounds[i]; at++ {
			switch {
			case !c.roberta():
				positions[at] = n
				n++
			case int(ids[at]) == c.PAD:
				positions[at] = int64(c.PAD)
			default:
				n++
				positions[at] = n + int64(c.PAD)
			}
		}
	}
	return positions
}

// padding says where the padding word stands; nil for nowhere, as nearly always.
func (r Rows) padding(c Config) []bool {
	var at []bool
	for i, id := range r.IDs {
		if int(id) == c.PAD {
			if at == nil {
				at = make([]bool, len(r.IDs))
			}
			at[i] = true
		}
	}
	return at
}

// Forward returns the hidden states after the last layer, [tokens, hidden] in the compute type, in s. It panics with
// *torch.Error where rows do not fit the model; see [Rows.Validate].
func (m *Model) Forward(s *torch.Scope, rows Rows) *torch.Tensor {
	if err := rows.Validate(m.Config); err != nil {
		panic(&torch.Error{Op: "bert.Forward", Msg: err.Error()})
	}
	x := step(s, func(inner *torch.Scope) *torch.Tensor { return m.embed(inner, rows) })
	for _, l := range m.Layers {
		before := x
		x = step(s, func(inner *torch.Scope) *torch.Tensor { return l.Forward(before.In(inner), rows.bounds()) })
		before.Free()
	}
	return x
}

// step runs a part of the model in a scope of its own: what it makes on the way is freed, but for what backward needs.
func step(s *torch.Scope, run func(inner *torch.Scope) *torch.Tensor) *torch.Tensor {
	inner := s.Child("layer")
	defer inner.Close()
	return run(inner).Keep(s)
}

// embed sums the three tables: [tokens, hidden]. All tokens are of the first type.
func (m *Model) embed(s *torch.Scope, rows Rows) *torch.Tensor {
	ids := make([]int64, len(rows.IDs))
	for i, id := range rows.IDs {
		ids[i] = int64(id)
	}
	words := m.Words.Forward(torch.FromSlice(s, ids, len(ids)))
	if padding := rows.padding(m.Config); padding != nil { // nn.Embedding's padding_idx: the row of the padding word is not trained
		words = torch.Where(torch.FromSlice(s, padding, len(ids), 1), words.Detach(), words)
	}
	positions := m.Positions.Forward(torch.FromSlice(s, rows.positions(m.Config), len(ids)))
	x := words.Add(m.Types.Weight.In(s).Rows(0, 1)).Add(positions).To(m.Compute)
	return m.drop.Forward(m.Norm.Forward(x))
}
