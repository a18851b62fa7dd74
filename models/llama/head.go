package llama

import (
	"sync"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
)

// This file: from hidden states to words. Of a model's 256,000 words a token needs one; the head's bytes are half of what a
// small model reads for it, so the ways here leave out what they can.

// Logits maps hidden states [tokens, hidden] to scores of the words [tokens, words], float32. Up to 64 states of 16 bits are
// multiplied with a frozen head of the same type in float32: the scores are not rounded, so that fewer words tie.
func (m *Model) Logits(hidden *torch.Tensor) *torch.Tensor {
	return m.Head.Forward(m.widened(hidden)).To(torch.Float32)
}

// The most states that are multiplied in float32 whatever type they have; it costs few of them nothing.
const fewStates = 64

// widened returns states in float32 where they are few and the head is frozen, in their own 16 bits; else as they are.
func (m *Model) widened(hidden *torch.Tensor) *torch.Tensor {
	head, ok := m.Head.(*nn.Dense)
	t := hidden.DType()
	if !ok || head.Compute != 0 && head.Compute != t || head.Weight.DType() != t || head.Weight.RequiresGrad() ||
		t != torch.BFloat16 && t != torch.Float16 || hidden.Dim(0) > fewStates {
		return hidden
	}
	return hidden.To(torch.Float32)
}

// CanPickWords says whether [Model.LogitsOf] computes only what it is asked for.
func (m *Model) CanPickWords() bool {
	_, ok := m.Head.(*nn.Dense)
	return ok
}

// LogitsOf is [Model.Logits] of some words: [tokens, len(ids)], float32.
func (m *Model) LogitsOf(hidden *torch.Tensor, ids []int32) *torch.Tensor {
	wide := make([]int64, len(ids))
	for i, id := range ids {
		wide[i] = int64(id)
	}
	at := torch.FromSlice(hidden.Scope(), wide, len(ids))
	hidden = m.widened(hidden)
	if weight := m.plainHead(hidden); weight != nil {
		return hidden.LinearRows(weight, at)
	}
	head, ok := m.Head.(*nn.Dense)
	if !ok {
		return m.Logits(hidden).IndexSelect(1, at)
	}
	rows := &nn.Dense{Weight: head.Weight.IndexSelect(0, at)}
	if head.Bias != nil {
		rows.Bias = head.Bias.IndexSelect(0, at)
	}
	return rows.Forward(hidden).To(torch.Float32)
}

// Likeliest returns the word of the greatest logit of each hidden state [tokens, hidden], the first of equal ones. allowed,
// unless nil, are sets of the words that count, one of each state, word i being bit i%64 of element i/64; -1 where it is
// empty. A head of 16 bits is screened in 8 first, see [torch.HeadScreen]: the copy of half the head's size is made the first
// time. The word is the same as without.
func (m *Model) Likeliest(hidden *torch.Tensor, allowed [][]uint64) []int64 {
	var sets *torch.Tensor
	if allowed != nil {
		n := (m.Config.VocabSize + 63) / 64
		flat := make([]int64, 0, len(allowed)*n)
		for _, set := range allowed {
			for _, words := range set[:n] {
				flat = append(flat, int64(words))
			}
		}
		sets = torch.FromSlice(hidden.Scope(), flat, len(allowed), n)
	}
	if weight := m.plainHead(m.widened(hidden)); weight != nil { // which takes states of 16 bits too
		return torch.ToSlice[int64](hidden.LinearArgmax(weight, m.screen.of(weight), sets))
	}
	logits := m.Logits(hidden)
	if sets == nil {
		return torch.ToSlice[int64](logits.Argmax(1))
	}
	best := make([]int64, len(allowed))
	for i, set := range allowed {
		best[i] = greatest(logits.Select(0, i).Floats(), set)
	}
	return best
}

// greatest is the place of the greatest number that a set allows; -1 for none.
func greatest(logits []float32, allowed []uint64) int64 {
	best := -1
	for i, l := range logits {
		if allowed[i>>6]>>(i&63)&1 != 0 && (best < 0 || l > logits[best]) {
			best = i
		}
	}
	return int64(best)
}

// plainHead is the weight of a frozen head of 16 bits without a bias, which multiplies the float32 states as they are: nil for
// any other head.
func (m *Model) plainHead(hidden *torch.Tensor) *torch.Tensor {
	head, ok := m.Head.(*nn.Dense)
	if !ok || head.Bias != nil || head.Compute != 0 && head.Compute != head.Weight.DType() ||
		hidden.DType() != torch.Float32 || head.Weight.RequiresGrad() {
		return nil
	}
	if t := head.Weight.DType(); t != torch.BFloat16 && t != torch.Float16 {
		return nil
	}
	return head.Weight
}

// A screen of fewer words than these saves less than it costs.
const fewestScreened = 4096

// headScreen is the screen of a model's head. The head is frozen: what is written into its weight later is not seen.
type headScreen struct {
	mu     sync.Mutex
	weight *torch.Tensor // of which it is one
	screen *torch.HeadScreen
}

func (h *headScreen) of(weight *torch.Tensor) *torch.HeadScreen {
	if weight.Dim(0) < fewestScreened {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.weight != weight {
		h.screen.Free()
		h.weight, h.screen = weight, torch.NewHeadScreen(weight)
	}
	return h.screen
}

func (h *headScreen) free() {
	h.screen.Free()
	h.weight, h.screen = nil, nil
}

// BytesPerToken is what of the model is read for one greedy token: the weights, the head as [Model.Likeliest] reads it, and
// the keys and values of `seen` tokens.
func (m *Model) BytesPerToken(seen int) int64 {
	n := m.CacheBytes(seen)
	for name, t := range m.Parameters() {
		table, head := name == "model.embed_tokens.weight", name == "lm_head.weight"
		switch {
		case table && !m.Config.TieHead: // one row of it
		case (table || head) && m.screen.screen != nil && m.screen.weight == t:
			n += m.screen.screen.Bytes()
		default:
			n += int64(t.Len()) * int64(t.DType().Size())
		}
	}
	return n
}
