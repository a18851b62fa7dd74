// Package bert is the encoder of BERT (Devlin et al., 2019) and of its relatives RoBERTa (Liu et al., 2019), CamemBERT and
// XLM-RoBERTa: models as transformers' BertModel, RobertaModel and XLMRobertaModel compute them.
//
// Tokens go through as one flat row with the boundaries of the texts; there is no padding. See [Rows].
package bert

import (
	"iter"
	"strconv"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
)

// Model is an encoder. Its tensors have no scope and live until [Model.Free].
type Model struct {
	Config Config
	// Compute is the type in which activations flow: float32, or bfloat16 where the processor is fast at it.
	Compute torch.DType

	Words, Positions, Types *nn.Embedding // [VocabSize, hidden], [MaxPositions, hidden], [TokenTypes, hidden]
	Norm                    *nn.LayerNorm // of the sum of the three
	Layers                  []*Layer
	Pooler                  nn.Linear // of the first token, for BERT's classifier; nil where the file has none

	Clock nn.Clock // of dropout in training
	drop  *nn.Dropout
}

// Layer is one block: attention, then two linear layers, each added to what came in and normalised after it.
//
//	h = AttentionNorm(x + Attention(x))
//	y = Norm(h + Down(gelu(Up h)))
type Layer struct {
	Attention     *Attention
	AttentionNorm *nn.LayerNorm
	Up            nn.Linear // [intermediate, hidden]
	Down          nn.Linear // [hidden, intermediate]
	Norm          *nn.LayerNorm

	activation                 string
	attentionDrop, forwardDrop *nn.Dropout
}

// Attention looks from every token at all tokens of its text.
type Attention struct {
	Q, K, V, Out nn.Linear // [hidden, hidden] each
	Heads        int       // divides hidden

	drop *nn.Dropout // of the probabilities
}

// Forward maps x [tokens, hidden] to the next layer's; bounds are the offsets of the texts.
func (l *Layer) Forward(x *torch.Tensor, bounds []int) *torch.Tensor {
	x = l.AttentionNorm.ForwardSum(l.Attention.Forward(x, bounds), x, l.attentionDrop)
	return l.Norm.ForwardSum(l.Down.Forward(l.widen(x)), x, l.forwardDrop)
}

// widen is the upper linear layer and the activation, in one pass where it is a dense layer and a GELU.
func (l *Layer) widen(x *torch.Tensor) *torch.Tensor {
	if up, ok := l.Up.(*nn.Dense); ok && l.activation != "relu" {
		return x.LinearGelu(up.Weight, up.Bias, l.activation == "gelu_new")
	}
	return activate(l.activation, l.Up.Forward(x))
}

func activate(name string, x *torch.Tensor) *torch.Tensor {
	switch name {
	case "gelu_new":
		return x.GeluTanh()
	case "relu":
		return x.Relu()
	}
	return x.Gelu()
}

// Forward maps x [tokens, hidden] to [tokens, hidden].
func (a *Attention) Forward(x *torch.Tensor, bounds []int) *torch.Tensor {
	tokens, hidden := x.Dim(0), x.Dim(1)
	qkv := nn.Project(x, a.Q, a.K, a.V)
	for i := range qkv {
		qkv[i] = qkv[i].Reshape(tokens, a.Heads, hidden/a.Heads)
	}
	attention := a.drop.Attention(torch.SegmentAttention{Bounds: bounds})
	return a.Out.Forward(attention.Apply(qkv[0], qkv[1], qkv[2]).Reshape(tokens, hidden))
}

// Parameters yields every tensor under its name in a checkpoint of the bare encoder.
func (m *Model) Parameters() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for _, table := range []struct {
			name string
			e    *nn.Embedding
		}{{"word", m.Words}, {"position", m.Positions}, {"token_type", m.Types}} {
			if !yield("embeddings."+table.name+"_embeddings.weight", table.e.Weight) {
				return
			}
		}
		for name, norm := range m.norms() {
			if !yield(name+".weight", norm.Weight) || !yield(name+".bias", norm.Bias) {
				return
			}
		}
		for name, linear := range m.Linears() {
			for suffix, t := range (*linear).Parameters() {
				if !yield(name+"."+suffix, t) {
					return
				}
			}
		}
	}
}

// norms yields every LayerNorm under its name.
func (m *Model) norms() iter.Seq2[string, *nn.LayerNorm] {
	return func(yield func(string, *nn.LayerNorm) bool) {
		if !yield("embeddings.LayerNorm", m.Norm) {
			return
		}
		for i, l := range m.Layers {
			if !yield(layerName(i)+"attention.output.LayerNorm", l.AttentionNorm) || !yield(layerName(i)+"output.LayerNorm", l.Norm) {
				return
			}
		}
	}
}

// Linears yields the place of every linear layer under its module name. Writing to a place replaces it.
func (m *Model) Linears() iter.Seq2[string, *nn.Linear] {
	return func(yield func(string, *nn.Linear) bool) {
		for i, l := range m.Layers {
			for _, place := range []struct {
				name   string
				linear *nn.Linear
			}{
				{"attention.self.query", &l.Attention.Q}, {"attention.self.key", &l.Attention.K}, {"attention.self.value", &l.Attention.V},
				{"attention.output.dense", &l.Attention.Out}, {"intermediate.dense", &l.Up}, {"output.dense", &l.Down},
			} {
				if !yield(layerName(i)+place.name, place.linear) {
					return
				}
			}
		}
		if m.Pooler != nil {
			yield("pooler.dense", &m.Pooler)
		}
	}
}

func layerName(i int) string { return "encoder.layer." + strconv.Itoa(i) + "." }

// Free frees the model's tensors. No job may be using them.
func (m *Model) Free() {
	for _, t := range m.Parameters() {
		if t != nil {
			t.Free()
		}
	}
	torch.ReleaseMemory()
}

// SetDropout replaces the probabilities of config.json: of what flows between layers, and of the attention.
func (m *Model) SetDropout(hidden, attention float64) {
	m.Config.HiddenDropout, m.Config.AttentionDropout = hidden, attention
	m.setDropouts()
}

// setDropouts numbers the dropouts of the model: 0 is the embedding's, then three of each layer.
func (m *Model) setDropouts() {
	number := uint64(0)
	drop := func(p float64) *nn.Dropout {
		d := &nn.Dropout{P: p, Layer: number, Clock: &m.Clock}
		number++
		return d
	}
	m.drop = drop(m.Config.HiddenDropout)
	for _, l := range m.Layers {
		l.Attention.drop = drop(m.Config.AttentionDropout)
		l.attentionDrop = drop(m.Config.HiddenDropout)
		l.forwardDrop = drop(m.Config.HiddenDropout)
	}
}
