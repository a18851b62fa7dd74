package circuit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/safetensors"
)

func TestUntrainedModelContinuesARepeatedSequence(t *testing.T) {
	c := DefaultConfig()
	weights, err := Weights(c, 1)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(1, 1))
	right, all := 0, 0
	for range 4 {
		ids := []int{startOfText}
		for range 40 {
			ids = append(ids, 262+r.IntN(c.Vocabulary-262))
		}
		ids = append(append(ids, 3), ids[1:]...)
		logits := forward(c, weights, ids)
		for at := 42; at < len(ids)-1; at++ { // from the copy's first token on
			all++
			if argmax(logits.Row(at)) == ids[at+1] {
				right++
			}
		}
	}
	assert.Greater(t, float64(right)/float64(all), .9)
}

// Without the heads that look back there is nothing to compare.
func TestCircuitNeedsItsLookingBack(t *testing.T) {
	c := DefaultConfig()
	weights, err := Weights(c, 1)
	require.NoError(t, err)
	clear(weights["model.layers.0.self_attn.o_proj.weight"].Data)
	ids := []int{startOfText}
	for i := range 20 {
		ids = append(ids, 300+i)
	}
	ids = append(append(ids, 3), ids[1:]...)
	logits, right := forward(c, weights, ids), 0
	for at := 22; at < len(ids)-1; at++ {
		if argmax(logits.Row(at)) == ids[at+1] {
			right++
		}
	}
	assert.Less(t, right, 5)
}

func TestSameSeedGivesTheSameWeights(t *testing.T) {
	a, err := Weights(DefaultConfig(), 5)
	require.NoError(t, err)
	b, err := Weights(DefaultConfig(), 5)
	require.NoError(t, err)
	other, err := Weights(DefaultConfig(), 6)
	require.NoError(t, err)
	assert.Equal(t, a, b)
	assert.NotEqual(t, a["model.embed_tokens.weight"], other["model.embed_tokens.weight"])
}

func TestConfigWithoutRoomForTheCircuitIsRefused(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"3 heads":         func(c *Config) { c.Heads, c.Hidden = 3, 192 },
		"do not divide":   func(c *Config) { c.Hidden = 250 },
		"slow pair":       func(c *Config) { c.SlowFrom = 32 },
		"induction head":  func(c *Config) { c.Induction = [][2]int{{0, 1}} },
		"weights of agre": func(c *Config) { c.Agreement = []float64{1} },
	} {
		c := DefaultConfig()
		change(&c)
		_, err := Weights(c, 1)
		assert.ErrorContains(t, err, name)
	}
}

func TestWrittenModelHoldsTheWeights(t *testing.T) {
	folder := t.TempDir()
	c := DefaultConfig()
	require.NoError(t, Write(folder, c, 1))
	file, err := safetensors.Open(folder)
	require.NoError(t, err)
	defer file.Close()
	weights, err := Weights(c, 1)
	require.NoError(t, err)
	for name, m := range weights {
		tensor := file.Tensor(name)
		require.NotNil(t, tensor, name)
		assert.EqualValues(t, 4*len(m.Data), tensor.Bytes(), name)
	}
	assert.FileExists(t, filepath.Join(folder, "config.json"))
}

// forward is the plain Llama: logits [tokens, vocabulary].
func forward(c Config, w map[string]Matrix, ids []int) Matrix {
	x := newMatrix(len(ids), c.Hidden)
	for i, id := range ids {
		copy(x.Row(i), w["model.embed_tokens.weight"].Row(id))
	}
	for l := range c.Layers {
		at := fmt.Sprintf("model.layers.%d.", l)
		h := normed(x, w[at+"input_layernorm.weight"])
		q, k, v := apply(h, w[at+"self_attn.q_proj.weight"]), apply(h, w[at+"self_attn.k_proj.weight"]), apply(h, w[at+"self_attn.v_proj.weight"])
		rotate(c, q)
		rotate(c, k)
		add(x, apply(attend(c, q, k, v), w[at+"self_attn.o_proj.weight"]))
		h = normed(x, w[at+"post_attention_layernorm.weight"])
		gate, up := apply(h, w[at+"mlp.gate_proj.weight"]), apply(h, w[at+"mlp.up_proj.weight"])
		for i, g := range gate.Data {
			up.Data[i] *= g / (1 + math.Exp(-g))
		}
		add(x, apply(up, w[at+"mlp.down_proj.weight"]))
	}
	return apply(normed(x, w["model.norm.weight"]), w["model.embed_tokens.weight"])
}

func apply(x, w Matrix) Matrix {
	y := newMatrix(x.Rows, w.Rows)
	for i := range x.Rows {
		for j := range w.Rows {
			y.Row(i)[j] = dot(x.Row(i), w.Row(j))
		}
	}
	return y
}

func add(x, y Matrix) { axpy(x.Data, 1, y.Data) }

func normed(x, gain Matrix) Matrix {
	y := newMatrix(x.Rows, x.Columns)
	for i := range x.Rows {
		root := math.Sqrt(dot(x.Row(i), x.Row(i))/float64(x.Columns) + 1e-5)
		for j, v := range x.Row(i) {
			y.Row(i)[j] = v / root * gain.Data[j]
		}
	}
	return y
}

func rotate(c Config, x Matrix) {
	h := c.headDim()
	for t := range x.Rows {
		for head := range c.Heads {
			part := x.Row(t)[head*h : (head+1)*h]
			for i := range h / 2 {
				sin, cos := math.Sincos(float64(t) * math.Pow(c.RopeTheta, -float64(i)/float64(h/2)))
				a, b := part[i], part[i+h/2]
				part[i], part[i+h/2] = a*cos-b*sin, b*cos+a*sin
			}
		}
	}
}

func attend(c Config, q, k, v Matrix) Matrix {
	h, out := c.headDim(), newMatrix(q.Rows, q.Columns)
	for head := range c.Heads {
		part := func(m Matrix, t int) []float64 { return m.Row(t)[head*h : (head+1)*h] }
		for t := range q.Rows {
			weights, sum := make([]float64, t+1), 0.
			for j := range weights {
				weights[j] = math.Exp(dot(part(q, t), part(k, j)) / math.Sqrt(float64(h)))
				sum += weights[j]
			}
			for j, weight := range weights {
				axpy(part(out, t), weight/sum, part(v, j))
			}
		}
	}
	return out
}

func argmax(x []float64) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}
