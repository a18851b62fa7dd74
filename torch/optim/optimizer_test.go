package optim_test

import (
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/optim"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

var names = []string{"a.weight", "b.weight", "a.bias", "norm.weight"}

// model is parameters that start where the goldens do.
type model struct {
	names   []string
	tensors map[string]*torch.Tensor
	goldens map[string]*torch.Tensor
}

func newModel(t *testing.T, s *torch.Scope, dtype torch.DType, names ...string) *model {
	m := &model{names: names, tensors: map[string]*torch.Tensor{}, goldens: torchtest.Goldens(t, s, "testdata/optimizers.safetensors")}
	for _, name := range names {
		m.tensors[name] = m.goldens["start."+name].To(dtype).Clone().Keep(nil).SetRequiresGrad(true)
	}
	t.Cleanup(func() {
		for _, p := range m.tensors {
			p.Free()
		}
	})
	return m
}

func (m *model) parameters() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for _, name := range m.names {
			if !yield(name, m.tensors[name]) {
				return
			}
		}
	}
}

// step gives each parameter its gradient of the step, b.weight none in steps 10 to 19, and lets the optimizer move them.
func (m *model) step(o optim.Optimizer, step int) {
	for _, name := range m.names {
		p := m.tensors[name]
		if name == "b.weight" && step >= 10 && step < 20 {
			p.SetGrad(nil)
		} else {
			p.SetGrad(m.goldens["grad."+name].Select(0, step).To(p.DType()))
		}
	}
	o.Step(3e-2 * min(1, float64(step+1)/10))
}

func (m *model) bytes() []byte {
	var all []byte
	for _, name := range m.names {
		all = append(all, m.tensors[name].Bytes()...)
	}
	return all
}

type optimizerCase struct {
	golden    string
	names     []string
	dtype     torch.DType
	tolerance float64
	make      func(m *model) optim.Optimizer
}

var matrices = []string{"a.weight", "b.weight"}

var optimizerCases = []optimizerCase{
	{"adamw", names, torch.Float32, 1e-6, func(m *model) optim.Optimizer {
		return optim.NewAdamW(optim.AdamWOptions{Beta1: 0.9, Beta2: 0.99, Eps: 1e-6}, optim.GroupsByDecay(m.parameters(), 0.1)...)
	}},
	{"adamw_bf16", names, torch.BFloat16, 0, func(m *model) optim.Optimizer {
		return optim.NewAdamW(optim.DefaultAdamW(), optim.GroupsByDecay(m.parameters(), 0.1)...)
	}},
	// bfloat16 iterations: one rounding that falls otherwise shows in the third digit of an update.
	{"muon", matrices, torch.Float32, 5e-3, func(m *model) optim.Optimizer {
		return optim.NewMuon(optim.DefaultMuon(), optim.OneGroup(m.parameters(), 0.1))
	}},
	{"muon_plain", matrices, torch.Float32, 5e-3, func(m *model) optim.Optimizer {
		return optim.NewMuon(optim.MuonOptions{Momentum: 0.9, NoNesterov: true, MatchAdamW: true, Eps: 1e-7, Iterations: 5},
			optim.OneGroup(m.parameters(), 0))
	}},
}

func TestOptimizersGiveTorchsParametersFor100Steps(t *testing.T) {
	torchtest.Need(t)
	for _, c := range optimizerCases {
		t.Run(c.golden, func(t *testing.T) {
			torchtest.NoLeaks(t)
			s := torch.NewScope(c.golden)
			defer s.Close()
			m := newModel(t, s, c.dtype, c.names...)
			o := c.make(m)
			defer o.Free()
			for step := range 100 {
				m.step(o, step)
				for _, name := range c.names {
					torchtest.Close(t, m.goldens[c.golden+"."+name].Select(0, step).Floats(), m.tensors[name].Floats(), c.tolerance, "step %d: %s", step, name)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

func TestMuonWithoutBFloat16StaysCloseToTorch(t *testing.T) {
	torchtest.Need(t)
	require.NoError(t, torch.SetKernelLevel("portable"))
	defer func() { require.NoError(t, torch.SetKernelLevel("")) }()
	s := torch.NewScope("test")
	defer s.Close()
	m := newModel(t, s, torch.Float32, matrices...)
	o := optim.NewMuon(optim.DefaultMuon(), optim.OneGroup(m.parameters(), 0.1))
	defer o.Free()
	for step := range 100 {
		m.step(o, step)
	}
	for _, name := range matrices {
		torchtest.Close(t, m.goldens["muon."+name].Select(0, 99).Floats(), m.tensors[name].Floats(), 2e-2, name)
	}
}

func TestRestoredStateGoesOnWithTheSameBytes(t *testing.T) {
	torchtest.Need(t)
	for _, c := range optimizerCases {
		t.Run(c.golden, func(t *testing.T) {
			torchtest.NoLeaks(t)
			s := torch.NewScope(c.golden)
			defer s.Close()
			m := newModel(t, s, c.dtype, c.names...)
			o := c.make(m)
			defer o.Free()
			for step := range 30 {
				m.step(o, step)
			}
			saved := map[string]*torch.Tensor{}
			for name, tensor := range o.State() {
				saved[name] = tensor.In(s).Clone()
			}
			again := newModel(t, s, c.dtype, c.names...)
			for name, p := range again.tensors {
				torch.NoGrad(func() { p.Copy(m.tensors[name]) })
			}
			other := c.make(again)
			defer other.Free()
			require.NoError(t, other.Restore(saved))
			for step := 30; step < 60; step++ {
				m.step(o, step)
				again.step(other, step)
			}
			require.Equal(t, m.bytes(), again.bytes())
		})
	}
}

func TestRestoreSaysEverythingThatDoesNotFit(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	m := newModel(t, s, torch.Float32, names...)
	adam := optim.NewAdamW(optim.DefaultAdamW(), optim.OneGroup(m.parameters(), 0))
	defer adam.Free()
	before := adam.State()["a.bias.exp_avg"].Floats()
	state := map[string]*torch.Tensor{}
	for name, tensor := range adam.State() {
		state[name] = torch.Ones(s, torch.Float32CPU, tensor.Shape()...)
	}
	delete(state, "a.weight.exp_avg")
	state["a.bias.exp_avg_sq"] = torch.Ones(s, torch.Float32CPU, 7)
	state["a.bias.step"] = torch.Ones(s, torch.Options{DType: torch.Int64, Device: torch.CPU})
	state["c.weight.step"] = torch.Ones(s, torch.Float32CPU)
	err := adam.Restore(state)
	for _, part := range []string{
		"a.weight.exp_avg is missing", "a.bias.exp_avg_sq is [7] float32, the optimizer's is [6] float32",
		"a.bias.step is [] int64, the optimizer's is [] float32", "c.weight.step belongs to no parameter",
	} {
		require.ErrorContains(t, err, part)
	}
	require.Equal(t, before, adam.State()["a.bias.exp_avg"].Floats(), "a refused state changes nothing")
}

func TestClippingGivesTorchsNormAndGradients(t *testing.T) {
	torchtest.Need(t)
	for maxNorm, golden := range map[float64]string{0.5: "clip.0.5.", 1e6: "clip.1000000.0."} {
		s := torch.NewScope("test")
		m := newModel(t, s, torch.Float32, names...)
		var parameters []*torch.Tensor
		for name, p := range m.parameters() {
			p.SetGrad(m.goldens["grad."+name].Select(0, 50).Clone())
			parameters = append(parameters, p)
		}
		norm := torch.ClipGradNorm(parameters, maxNorm)
		torchtest.Close(t, []float64{m.goldens[golden+"norm"].Item()}, []float64{norm}, 1e-6)
		for name, p := range m.parameters() {
			torchtest.Close(t, m.goldens[golden+name].Floats(), p.Grad(s).Floats(), 1e-6, name)
		}
		s.Close()
	}
}

func TestWeightDecayLeavesBiasesAndNormsAlone(t *testing.T) {
	for name, want := range map[string]bool{
		"model.layers.0.self_attn.q_proj.weight": true, "model.embed_tokens.weight": true, "lm_head.weight": true,
		"model.norm.weight": false, "model.layers.0.input_layernorm.weight": false, "encoder.LayerNorm.bias": false,
		"model.layers.3.self_attn.q_norm.weight": false, "dense.bias": false, "normal.weight": true, "final_norm": false,
	} {
		require.Equal(t, want, optim.Decays(name), name)
	}
}

func TestMuonWithAdamWSharesTheParametersOut(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	m := &model{tensors: map[string]*torch.Tensor{}}
	for name, shape := range map[string][]int{
		"model.embed_tokens.weight": {8, 4}, "model.layers.0.mlp.up_proj.weight": {6, 4}, "model.norm.weight": {4}, "lm_head.weight": {8, 4},
	} {
		m.names = append(m.names, name)
		m.tensors[name] = torch.Ones(nil, torch.Float32CPU, shape...).SetRequiresGrad(true)
		defer m.tensors[name].Free()
	}
	slices.Sort(m.names)
	both := optim.NewMuonWithAdamW(optim.DefaultMuon(), optim.DefaultAdamW(), m.parameters(), 0.1)
	defer both.Free()
	require.Len(t, both.Parameters(), 4)
	state := both.State()
	require.Len(t, state, 1+3*3)
	require.Contains(t, state, "model.layers.0.mlp.up_proj.weight.momentum_buffer")
	require.Contains(t, state, "model.embed_tokens.weight.exp_avg")
	require.NoError(t, both.Restore(state))
}
