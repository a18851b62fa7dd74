// Package circuit makes initial weights for a small Llama in which the copying
// circuit is already laid out: before any training the model continues a random
// sequence that it has seen once (19 tokens of 20 right), while training from
// ordinary initial weights needs many millions of tokens to find the circuit.
//
// The circuit is that of the induction heads of Olsson et al. 2022, "In-context
// Learning and Induction Heads"; that weights may be initialised in the image of
// what training finds is the idea of Trockman and Kolter 2023, "Mimetic
// Initialization of Self-Attention Layers". The residual stream of width d is cut into
// orthogonal parts by a random frame: a common direction that all tokens share,
// three blocks of the width of a head, and the rest, where the tokens live.
//
//   - Layer 0, heads 0 to 2, look 1, 2 and 3 positions back: rotary phases make the
//     score of the common direction with itself peak at that distance. Each writes
//     the token it finds into its block.
//   - In later layers, some heads compare the token here and the two before it with
//     the tokens that stand before each earlier position, in the slowly rotating
//     dimensions, so that distance hardly matters; where all agree they look, and
//     write the token found there.
//
// Everything is trained freely afterwards.
package circuit

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Config is the shape of the model and the strengths of the circuit.
type Config struct {
	Vocabulary, Hidden, Layers, Heads, Intermediate int
	RopeTheta                                       float64

	Common    float64   // share of the common direction in a token's vector, by length
	Scale     float64   // size of the residual stream; the final norm undoes it. A large one protects the circuit from the first updates
	Attention float64   // factor on queries, keys and values that the norm before them undoes. A large one protects the circuit as Scale does
	LookBack  float64   // height of the score's peak in the heads that look back
	Written   float64   // length of what they write, relative to a token
	Match     float64   // strength of the comparison
	Agreement []float64 // weight of the token here, of the one before, of the one before that
	Output    float64   // strength with which an induction head writes the token it found
	SlowFrom  int       // first pair of rotary dimensions that the comparison uses
	Induction [][2]int  // layer and head of the induction heads
}

// DefaultConfig is the embedded base: 3.4 million parameters.
func DefaultConfig() Config {
	return Config{
		Vocabulary: 1024, Hidden: 256, Layers: 4, Heads: 4, Intermediate: 688, RopeTheta: 1e6,
		Common: .3, Scale: 4, Attention: 4, LookBack: 8, Written: .7, Match: 2.4, Agreement: []float64{1, .7, .5}, Output: 1, SlowFrom: 14,
		Induction: [][2]int{{1, 0}, {1, 1}, {2, 0}, {2, 1}},
	}
}

// distances are how far the heads of layer 0 look back.
var distances = []int{1, 2, 3}

// spread is the standard deviation of ordinary weights, tokenSpread that of the
// embedding before Scale.
const (
	spread      = .02
	tokenSpread = .06
)

// Validate reports what the circuit has no room for.
func (c Config) Validate() error {
	switch {
	case c.Heads < 1 || c.Hidden%c.Heads != 0 || c.Hidden/c.Heads%2 != 0:
		return fmt.Errorf("circuit: %d heads do not divide a width of %d into even parts", c.Heads, c.Hidden)
	case c.Heads < len(distances)+1:
		return fmt.Errorf("circuit: %d heads; three look back and the tokens need the room of one: at least 4", c.Heads)
	case len(c.Agreement) != len(distances):
		return fmt.Errorf("circuit: %d weights of agreement, the circuit compares %d tokens", len(c.Agreement), len(distances))
	case c.SlowFrom < 0 || c.SlowFrom >= c.headDim()/2:
		return fmt.Errorf("circuit: slow pair %d of %d", c.SlowFrom, c.headDim()/2)
	}
	for _, at := range c.Induction {
		if at[0] < 1 || at[0] >= c.Layers || at[1] < 0 || at[1] >= c.Heads {
			return fmt.Errorf("circuit: induction head %d of layer %d: layers 1 to %d have heads 0 to %d", at[1], at[0], c.Layers-1, c.Heads-1)
		}
	}
	return nil
}

func (c Config) headDim() int { return c.Hidden / c.Heads }

// Weights are the tensors by the names of a Llama of the transformers library,
// with tied embeddings; norms are vectors of one row.
func Weights(c Config, seed uint64) (map[string]Matrix, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	b := builder{c, rand.New(rand.NewPCG(seed, 4)), frame{}}
	b.frame = b.newFrame()
	tensors := map[string]Matrix{
		"model.embed_tokens.weight": b.embedding(),
		"model.norm.weight":         filled(1, c.Hidden, 1/c.Scale),
	}
	for l := range c.Layers {
		at := fmt.Sprintf("model.layers.%d.", l)
		down := spread / math.Sqrt(2*float64(c.Layers))
		tensors[at+"input_layernorm.weight"] = filled(1, c.Hidden, 1/c.Attention)
		tensors[at+"post_attention_layernorm.weight"] = filled(1, c.Hidden, 1)
		tensors[at+"mlp.gate_proj.weight"] = b.gaussian(c.Intermediate, c.Hidden, spread)
		tensors[at+"mlp.up_proj.weight"] = b.gaussian(c.Intermediate, c.Hidden, spread)
		tensors[at+"mlp.down_proj.weight"] = b.gaussian(c.Hidden, c.Intermediate, down)
		a := attention{
			q: b.gaussian(c.Hidden, c.Hidden, spread), k: b.gaussian(c.Hidden, c.Hidden, spread),
			v: b.gaussian(c.Hidden, c.Hidden, spread), o: b.gaussian(c.Hidden, c.Hidden, down),
		}
		if l == 0 {
			b.lookBack(a)
		} else {
			b.find(a, l)
		}
		for _, m := range []Matrix{a.q, a.k, a.v} {
			set(m.Data, c.Attention, m.Data)
		}
		tensors[at+"self_attn.q_proj.weight"], tensors[at+"self_attn.k_proj.weight"] = a.q, a.k
		tensors[at+"self_attn.v_proj.weight"], tensors[at+"self_attn.o_proj.weight"] = a.v, a.o
	}
	return tensors, nil
}

// builder holds what the parts of the circuit share.
type builder struct {
	Config
	r     *rand.Rand
	frame frame
}

// frame is an orthonormal basis of the residual stream, in its parts: the common
// direction [1, d], the blocks of the heads that look back [head, d] each, and the
// tokens' own space [head-1, d] or wider, of which the first head-many rows are read.
type frame struct {
	common []float64
	blocks []Matrix
	tokens Matrix
}

func (b *builder) newFrame() frame {
	d, h := b.Hidden, b.headDim()
	all := b.orthonormal(d, d)
	f := frame{common: all.Row(0)}
	for i := range distances {
		f.blocks = append(f.blocks, all.rows(1+i*h, 1+(i+1)*h))
	}
	f.tokens = all.rows(1+len(distances)*h, d)
	return f
}

// embedding [vocabulary, d]: random directions in the tokens' space, and the
// common direction.
func (b *builder) embedding() Matrix {
	e := newMatrix(b.Vocabulary, b.Hidden)
	length := b.Scale * tokenSpread * math.Sqrt(float64(b.Hidden))
	for v := range b.Vocabulary {
		g := b.gaussian(1, b.frame.tokens.Rows, 1).Data
		own := length * math.Sqrt(1-b.Common*b.Common) / norm(g)
		for i, x := range g {
			axpy(e.Row(v), own*x, b.frame.tokens.Row(i))
		}
		axpy(e.Row(v), length*b.Common, b.frame.common)
	}
	return e
}

// attention is the four projections of a layer, each [d, d].
type attention struct{ q, k, v, o Matrix }

// fastPairs is the number of rotary pairs that tell distances apart.
const fastPairs = 6

// lookBack makes heads 0 to 2 attend at their distance: with query (a, 0) and key
// (a cos wδ, a sin wδ) in a pair that turns by w a position, the score of two
// positions Δ apart is a² cos w(Δ-δ).
func (b *builder) lookBack(a attention) {
	h := b.headDim()
	root := math.Sqrt(float64(b.Hidden))
	// The normed stream has length root, Common of it along the common direction.
	strength := math.Sqrt(b.LookBack*math.Sqrt(float64(h))) / (root * b.Common)
	written := b.Scale * b.Written * tokenSpread / math.Sqrt(1-b.Common*b.Common)
	for head, distance := range distances {
		for pair := range fastPairs {
			w := math.Pow(b.RopeTheta, -float64(pair)/float64(h/2))
			first, second := head*h+pair, head*h+h/2+pair
			set(a.q.Row(first), strength, b.frame.common)
			set(a.q.Row(second), 0, b.frame.common)
			set(a.k.Row(first), strength*math.Cos(w*float64(distance)), b.frame.common)
			set(a.k.Row(second), strength*math.Sin(w*float64(distance)), b.frame.common)
		}
		for i := range h {
			clear(a.v.Row(head*h + i))
			if i < b.frame.tokens.Rows {
				copy(a.v.Row(head*h+i), b.frame.tokens.Row(i))
			}
			a.o.setColumn(head*h+i, written, b.frame.blocks[head].Row(i))
		}
	}
}

// find fills a later layer: induction heads, and heads in which like softly finds
// like (keys resemble queries). All write what they read back where it came from.
func (b *builder) find(a attention, layer int) {
	h := b.headDim()
	values := b.orthonormal(b.Hidden, b.Hidden)
	copy(a.v.Data, values.Data)
	for head := range b.Heads {
		induces := false
		for _, at := range b.Induction {
			induces = induces || at == [2]int{layer, head}
		}
		output := .1
		if induces {
			output = b.Output
			b.compare(a, head)
		} else {
			for i := head * h; i < (head+1)*h; i++ {
				shared := b.gaussian(1, b.Hidden, 2*spread).Data
				axpy(a.q.Row(i), 1, shared)
				axpy(a.k.Row(i), 1, shared)
			}
		}
		for i := head * h; i < (head+1)*h; i++ {
			a.o.setColumn(i, b.Scale*output, values.Row(i))
		}
	}
}

// compare makes a head's score the agreement of the tokens here, one and two before with
// those one, two and three before the other position, each seen through a random projection of its own.
func (b *builder) compare(a attention, head int) {
	h := b.headDim()
	var slow []int
	for half := range 2 {
		for pair := b.SlowFrom; pair < h/2; pair++ {
			slow = append(slow, head*h+half*h/2+pair)
		}
	}
	for _, row := range slow {
		clear(a.q.Row(row))
		clear(a.k.Row(row))
	}
	for j, weight := range b.Agreement {
		here := b.frame.tokens
		if j > 0 {
			here = b.frame.blocks[j-1]
		}
		project := b.orthonormal(len(slow), h)
		for t, row := range slow {
			for i, x := range project.Row(t) {
				if i < here.Rows {
					axpy(a.q.Row(row), b.Match*weight*x, here.Row(i))
				}
				axpy(a.k.Row(row), b.Match*weight*x, b.frame.blocks[j].Row(i))
			}
		}
	}
}
