package llama_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// These tests compare the ways through one model with each other: whole texts in one flat row, a prefix and what follows it,
// a cache, only some outputs, recomputation.

// salamandra2B is the shape of BSC-LT/salamandra-2b, cut to 2 of its 24 layers and 512 of its 256,000 words.
const salamandra2B = `{"model_type": "llama", "vocab_size": 512, "hidden_size": 2048, "intermediate_size": 5440, "num_hidden_layers": 2,
	"num_attention_heads": 16, "num_key_value_heads": 16, "max_position_embeddings": 8192, "rms_norm_eps": 1e-05, "rope_theta": 10000.0}`

// small has grouped queries and a few thousand weights.
const small = `{"model_type": "llama", "vocab_size": 64, "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 3,
	"num_attention_heads": 6, "num_key_value_heads": 2, "rms_norm_eps": 1e-05}`

// random makes a model with random weights; its attention looks at what it sees, as trained ones do.
func random(t *testing.T, config string) *llama.Model {
	t.Helper()
	c, err := llama.ParseConfig([]byte(config))
	require.NoError(t, err)
	m, err := llama.New(c, torch.NewGenerator(7))
	require.NoError(t, err)
	t.Cleanup(m.Free)
	torch.NoGrad(func() {
		s := torch.NewScope("scale")
		defer s.Close()
		for _, place := range m.Linears() {
			for name, p := range (*place).Parameters() {
				if name == "weight" && (*place).InFeatures() < 256 { // deviation 0.02 says nothing in a narrow model
					p.Copy(p.In(s).MulScalar(10))
				}
			}
		}
	})
	return m
}

func tokens(n, words int, seed int32) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		seed = (seed*1103 + 12345) & 0xffff
		ids[i] = seed % int32(words)
	}
	return ids
}

func TestEveryWayThroughTheModelGivesTheSameLogits(t *testing.T) {
	torchtest.Need(t)
	for name, config := range map[string]string{"small": small, "the shape of Salamandra-2B": salamandra2B} {
		t.Run(name, func(t *testing.T) {
			m := random(t, config)
			s := torch.NewScope("test")
			defer s.Close()
			ids := tokens(40, m.Config.VocabSize, 5)
			whole := m.Logits(m.Hidden(s, llama.Rows{IDs: ids}))
			want := func(rows []int) []float32 {
				var all []float32
				for _, at := range rows {
					all = append(all, whole.Rows(at, at+1).Floats()...)
				}
				return all
			}
			const prefix = 23
			behind := []int{}
			for at := prefix; at < len(ids); at++ {
				behind = append(behind, at)
			}

			t.Run("only some outputs", func(t *testing.T) {
				for _, outputs := range [][]int{{39}, {0, 7, 38}, behind} {
					closeTo(t, want(outputs), m.Logits(m.Hidden(s, llama.Rows{IDs: ids, Outputs: outputs})).Floats(), 1e-5)
				}
				require.Nil(t, m.Hidden(s, llama.Rows{IDs: ids, Outputs: []int{}}))
			})
			t.Run("prefix", func(t *testing.T) {
				p := m.Start(s, ids[:prefix])
				closeTo(t, want(behind), m.Logits(m.Hidden(s, llama.Rows{IDs: ids[prefix:], Prefix: p})).Floats(), 1e-5)
				two := llama.Rows{IDs: append(ids[prefix:40:40], ids[prefix:]...), Bounds: []int{0, 17, 34}, Prefix: p, Outputs: []int{16, 33}}
				closeTo(t, want([]int{39, 39}), m.Logits(m.Hidden(s, two)).Floats(), 1e-5)
			})
			t.Run("cache", func(t *testing.T) {
				torch.NoGrad(func() {
					c := m.NewCache(s, len(ids))
					m.Hidden(s, llama.Rows{IDs: ids[:17], Caches: []*llama.Cache{c}, Outputs: []int{}})
					for at := c.Length; at < len(ids); at++ {
						logits := m.Logits(m.Hidden(s, llama.Rows{IDs: ids[at : at+1], Caches: []*llama.Cache{c}}))
						closeTo(t, want([]int{at}), logits.Floats(), 1e-5)
					}
				})
			})
		})
	}
}

func TestAPassKeepsItsResultAndNothingOfItsLayers(t *testing.T) {
	torchtest.Need(t)
	m := random(t, small)
	torch.NoGrad(func() {
		for _, outputs := range [][]int{nil, {3}} {
			s := torch.NewScope("test")
			before := torch.LiveTensors()
			m.Hidden(s, llama.Rows{IDs: tokens(9, m.Config.VocabSize, 1), Outputs: outputs})
			require.LessOrEqual(t, torch.LiveTensors()-before, 8, "angles, the embedded ids and the result")
			s.Close()
		}
	})
}

// example is a step of three texts with a common prefix, as flat rows and as prefix and rest.
type example struct {
	whole, rest           llama.Rows
	targets, targetsOfEnd llama.Targets
	prefix                []int32
}

func threeTexts(words int) example {
	e := example{prefix: tokens(12, words, 3), whole: llama.Rows{Bounds: []int{0}}, rest: llama.Rows{Bounds: []int{0}}}
	e.targets.Weight, e.targetsOfEnd.Weight = 1.0/15, 1.0/15
	for i := range 3 {
		own := tokens(9+i, words, int32(100+i))
		e.whole.IDs = append(append(e.whole.IDs, e.prefix...), own...)
		e.rest.IDs = append(e.rest.IDs, own...)
		e.whole.Bounds, e.rest.Bounds = append(e.whole.Bounds, len(e.whole.IDs)), append(e.rest.Bounds, len(e.rest.IDs))
		for back := 5; back > 0; back-- {
			word := int32((7*i + back) % words)
			e.targets.Rows, e.targets.Words = append(e.targets.Rows, len(e.whole.IDs)-back), append(e.targets.Words, word)
			e.targetsOfEnd.Rows, e.targetsOfEnd.Words = append(e.targetsOfEnd.Rows, len(e.rest.IDs)-back), append(e.targetsOfEnd.Words, word)
		}
	}
	return e
}

// gradients runs step and takes the gradients of every parameter of the adapter.
func gradients(t *testing.T, a *lora.Adapter, step func(s *torch.Scope) float64) (loss float64, grads map[string][]float32) {
	t.Helper()
	grads = map[string][]float32{}
	require.NoError(t, torch.Run(func() error {
		s := torch.NewScope("gradients")
		defer s.Close()
		loss = step(s)
		for name, p := range a.Parameters() {
			if g := p.Grad(s); g != nil {
				grads[name] = g.Floats()
			}
			torch.ZeroGrad([]*torch.Tensor{p})
		}
		return nil
	}))
	return loss, grads
}

func TestEveryWayOfTrainingGivesTheSameGradients(t *testing.T) {
	torchtest.Need(t)
	all := []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
	for _, c := range []struct {
		name    string
		config  string
		targets []string
		layers  []int // nil for all
		dropout float64
	}{
		{"all layers", small, all, nil, 0},
		{"only queries", small, []string{"q_proj"}, nil, 0},
		{"from the second layer on", small, all, []int{1, 2}, 0},
		{"only the last layer", small, all, []int{2}, 0},
		{"dropout in attention", small, all[:4], nil, 0.3},
		{"dropout everywhere", small, all, nil, 0.3},
		{"the shape of Salamandra-2B", salamandra2B, all[:4], nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := random(t, c.config)
			m.Clock.Training, m.Clock.Seed = true, 11
			a, err := lora.Attach(m, lora.Config{R: 4, Alpha: 8, Dropout: c.dropout, Init: "false", LayersToTransform: c.layers,
				TargetModules: lora.Targets{Names: c.targets}}, &m.Clock, torch.NewGenerator(2))
			require.NoError(t, err)
			defer a.Free()
			first := 0
			if c.layers != nil {
				first = c.layers[0]
			}
			e := threeTexts(m.Config.VocabSize)
			want, wanted := gradients(t, a, func(s *torch.Scope) float64 { // all rows of all layers
				loss := m.Loss(m.Hidden(s, e.whole), e.targets)
				loss.Backward()
				return loss.Item()
			})
			for _, recompute := range []bool{false, true} {
				trainer := &llama.Trainer{Model: m, Recompute: recompute, FirstTrained: first}
				ways := map[string]func(s *torch.Scope) float64{
					"flat": func(s *torch.Scope) float64 { return trainer.Step(s, e.whole, e.targets) },
				}
				if c.dropout == 0 { // which is drawn once for a shared prefix
					ways["prefix"] = func(s *torch.Scope) float64 {
						p := trainer.Start(s, e.prefix, llama.Targets{})
						rows := e.rest
						rows.Prefix = &p.Prefix
						loss := trainer.Step(s, rows, e.targetsOfEnd)
						p.Backward()
						return loss
					}
				}
				for name, way := range ways {
					loss, grads := gradients(t, a, way)
					require.InEpsilon(t, want, loss, 1e-5, "%s, recompute %v", name, recompute)
					require.Len(t, grads, len(wanted), "%s, recompute %v", name, recompute)
					for parameter, w := range wanted {
						require.Contains(t, grads, parameter)
						torchtest.Close(t, w, grads[parameter], 1e-4, name, parameter)
					}
				}
			}
		})
	}
}
