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

	Embed  *nn.Embedding
	Layers []*Layer
	Norm   *nn.RMSNorm
	Head   nn.Linear // the tied head is a Dense that shares Embed's weight

	Clock  nn.Clock // of dropout in training
	angles *angles
}

// Layer is one block: attention, then an MLP, each on the normalised residual.
type Layer struct {
	InputNorm *nn.RMSNorm
	Attention *Attention
	PostNorm  *nn.RMSNorm
	MLP       *MLP
}

// Attention looks from every token back at the tokens before it.
type Attention struct {
	Q, K, V, O              nn.Linear
	Heads, KVHeads, HeadDim int
	Window                  int
}

// MLP widens, gates and narrows every token by itself.
type MLP struct {
	Gate, Up, Down nn.Linear
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
	x = x.Add(l.Attention.Forward(l.InputNorm.Forward(x), p))
	return x.Add(l.MLP.Forward(l.PostNorm.Forward(x)))
}

// Forward maps x [tokens, hidden] to [tokens, hidden].
func (a *Attention) Forward(x *torch.Tensor, p *pass) *torch.Tensor {
	tokens := x.Dim(0)
	qkv := nn.Project(x, a.Q, a.K, a.V)
	q := qkv[0].Reshape(tokens, a.Heads, a.HeadDim).Rotary(p.cos, p.sin)
	k := qkv[1].Reshape(tokens, a.KVHeads, a.HeadDim).Rotary(p.cos, p.sin)
	v := qkv[2].Reshape(tokens, a.KVHeads, a.HeadDim)
	p.now = KV{k, v}
	return a.O.Forward(a.attend(q, k, v, p).Reshape(tokens, a.Heads*a.HeadDim))
}

func (a *Attention) attend(q, k, v *torch.Tensor, p *pass) *torch.Tensor {
	if p.caches != nil {
		return cachedAttention(p, a.Window).Apply(q, k, v)
	}
	return torch.SegmentAttention{
		Bounds: p.bounds, PrefixK: p.past.K, PrefixV: p.past.V, Causal: true, Window: a.Window,
	}.Apply(q, k, v)
}

// Forward maps x [tokens, hidden] to [tokens, hidden].
func (m *MLP) Forward(x *torch.Tensor) *torch.Tensor {
	gateUp := nn.Project(x, m.Gate, m.Up)
	return m.Down.Forward(torch.SwiGLU(gateUp[0], gateUp[1]))
}

// Parameters yields every tensor under its name in a checkpoint.
func (m *Model) Parameters() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		if !yield("model.embed_tokens.weight", m.Embed.Weight) {
			return
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
			if name == "lm_head" && m.Config.TieHead {
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
	for _, t := range m.Parameters() {
		t.Free()
	}
}
