// Package llama is the Llama architecture (Touvron et al., 2023), with the grouped-query attention of Llama 2 and the
// sliding window of Mistral: models as transformers' LlamaForCausalLM and MistralForCausalLM compute them.
//
// Tokens go through as one flat row with the boundaries of the sequences; there is no padding. See [Rows].
package llama

import (
	"iter"
	"strconv"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
)

// Model is a causal language model. Its tensors have no scope and live until [Model.Free].
type Model struct {
	Config Config
	// Compute is the type in which activations flow; weights of another type are converted where they are used.
	Compute torch.DType
	// CacheType is the type in which generation keeps keys and values: 0 for Compute, else Float32, BFloat16 or Float16. 16
	// bits halve the memory and the time to read it. They round every key and value by up to 2^-9 (BFloat16) or 2^-12
	// (Float16, whose values end at 65,504) of itself; the queries and all sums stay as they are.
	CacheType torch.DType

	Embed  Embedding   // [VocabSize, HiddenSize]
	Layers []*Layer    // in the order in which tokens pass them
	Norm   *nn.RMSNorm // of the last layer's output
	Head   nn.Linear   // [VocabSize, HiddenSize]; the tied head is a Dense that shares Embed's weight

	Clock  nn.Clock // of dropout and noise in training
	Noise  float64  // of the embedded tokens in training, NEFTune's alpha; 0 for none
	angles *angles
	screen headScreen
}

// Embedding looks up the vectors of tokens: dense, or in NF4.
type Embedding interface {
	// Forward maps ids (int64) to vectors [..., hidden].
	Forward(ids *torch.Tensor) *torch.Tensor
	// Parameters yields the tensors under the names that they have below model.embed_tokens in a checkpoint.
	Parameters() iter.Seq2[string, *torch.Tensor]
}

// Layer is one block: attention, then an MLP, each on the normalised residual.
//
//	h = x + Attention(InputNorm(x))
//	y = h + MLP(PostNorm(h))
type Layer struct {
	InputNorm *nn.RMSNorm
	Attention *Attention
	PostNorm  *nn.RMSNorm
	MLP       *MLP
}

// Attention looks from every token back at the tokens before it; Heads/KVHeads queries share a key and a value (Ainslie et
// al., "GQA", 2023).
type Attention struct {
	Q, O    nn.Linear // [Heads·HeadDim, hidden] and its transpose
	K, V    nn.Linear // [KVHeads·HeadDim, hidden]
	Heads   int       // of the queries
	KVHeads int       // of keys and values
	HeadDim int       // elements of a head
	Window  int       // tokens that are looked back at, the token itself included; 0 for all
}

// MLP widens, gates and narrows every token by itself: Down(silu(Gate x) · Up x) (Shazeer, "GLU Variants Improve
// Transformer", 2020).
type MLP struct {
	Gate, Up nn.Linear // [intermediate, hidden]
	Down     nn.Linear // [hidden, intermediate]
}

// pass is what all layers of one forward pass share, and what differs from layer to layer.
type pass struct {
	bounds   []int
	cos, sin *torch.Tensor // [tokens, HeadDim/2]
	past     KV            // of this layer, seen by every token; empty for none
	now      KV            // of this layer: set by Attention.Forward
	layer    int           // that runs now
	caches   []*Cache      // of the sequences, in generation; nil in training
}

// KV are the keys and values of one layer, after the rotation: [tokens, KVHeads, HeadDim].
type KV struct{ K, V *torch.Tensor }

// Forward maps the residual x [tokens, hidden] to the next layer's.
func (l *Layer) Forward(x *torch.Tensor, p *pass) *torch.Tensor {
	return l.addMLP(x, l.Attention.Forward(l.InputNorm.Forward(x), p))
}

// addMLP adds attention's result to the residual, then the MLP's.
func (l *Layer) addMLP(x, attended *torch.Tensor) *torch.Tensor {
	x, normed := torch.AddRMSNorm(x, attended, l.PostNorm.Weight, l.PostNorm.Eps)
	return x.Add(l.MLP.Forward(normed))
}

// Forward maps x [tokens, hidden] to [tokens, hidden].
func (a *Attention) Forward(x *torch.Tensor, p *pass) *torch.Tensor {
	qkv := nn.Project(x, a.Q, a.K, a.V)
	p.now = KV{heads(qkv[1], a.KVHeads).Rotary(p.cos, p.sin), heads(qkv[2], a.KVHeads)}
	return a.O.Forward(a.attend(heads(qkv[0], a.Heads).Rotary(p.cos, p.sin), p))
}

// attend looks from queries [tokens, Heads, HeadDim] at the pass's present keys and values and those before them:
// [tokens, Heads·HeadDim].
func (a *Attention) attend(q *torch.Tensor, p *pass) *torch.Tensor {
	var out *torch.Tensor
	if p.caches != nil {
		out = cachedAttention(p, a.Window).Apply(q, p.now.K, p.now.V)
	} else {
		out = torch.SegmentAttention{
			Bounds: p.bounds, PrefixK: p.past.K, PrefixV: p.past.V, Causal: true, Window: a.Window,
		}.Apply(q, p.now.K, p.now.V)
	}
	return out.Reshape(q.Dim(0), a.Heads*a.HeadDim)
}

// heads cuts the rows of x [tokens, n·size] into n heads: [tokens, n, size]. A view.
func heads(x *torch.Tensor, n int) *torch.Tensor { return x.Reshape(x.Dim(0), n, x.Dim(1)/n) }

// Forward maps x [tokens, hidden] to [tokens, hidden].
func (m *MLP) Forward(x *torch.Tensor) *torch.Tensor {
	gateUp := nn.Project(x, m.Gate, m.Up)
	return m.Down.Forward(torch.SwiGLU(gateUp[0], gateUp[1]))
}

// Parameters yields every tensor under its name in a checkpoint.
func (m *Model) Parameters() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		if m.Embed != nil { // nil: a model that is freed half loaded
			for suffix, t := range m.Embed.Parameters() {
				if !yield("model.embed_tokens."+suffix, t) {
					return
				}
			}
		}
		for i, l := range m.Layers {
			prefix := layerName(i)
			if !yield(prefix+"input_layernorm.weight", l.InputNorm.Weight) ||
				!yield(prefix+"post_attention_layernorm.weight", l.PostNorm.Weight) {
				return
			}
		}
		if !yield("model.norm.weight", m.Norm.Weight) {
			return
		}
		for name, linear := range m.Linears() {
			if name == "lm_head" && m.Config.TieHead || *linear == nil {
				continue
			}
			for suffix, t := range (*linear).Parameters() {
				if !yield(name+"."+suffix, t) {
					return
				}
			}
		}
	}
}

// Linears yields the place of every linear layer under its module name, the head last. Writing to a place replaces it.
func (m *Model) Linears() iter.Seq2[string, *nn.Linear] {
	return func(yield func(string, *nn.Linear) bool) {
		for i, l := range m.Layers {
			prefix := layerName(i)
			for _, place := range []struct {
				name   string
				linear *nn.Linear
			}{
				{"self_attn.q_proj", &l.Attention.Q}, {"self_attn.k_proj", &l.Attention.K},
				{"self_attn.v_proj", &l.Attention.V}, {"self_attn.o_proj", &l.Attention.O},
				{"mlp.gate_proj", &l.MLP.Gate}, {"mlp.up_proj", &l.MLP.Up}, {"mlp.down_proj", &l.MLP.Down},
			} {
				if !yield(prefix+place.name, place.linear) {
					return
				}
			}
		}
		yield("lm_head", &m.Head)
	}
}

func layerName(i int) string { return "model.layers." + strconv.Itoa(i) + "." }

// Free frees the model's tensors. No job may be using them.
func (m *Model) Free() {
	m.screen.free()
	for _, t := range m.Parameters() {
		t.Free()
	}
	torch.ReleaseMemory()
}
