package lora_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// numbers is what peft computes with each adapter on testdata/llama: see testdata/make.py.
type numbers struct {
	Logits    [][][]float32 `json:"logits_first8"`
	Loss      float64       `json:"loss"`
	GradNorm  float64       `json:"grad_norm_all_adapter"`
	GradA     []float32     `json:"layer0_q_lora_A_grad_first8"`
	GradB     []float32     `json:"layer0_q_lora_B_grad_first8"`
	Magnitude []float32     `json:"layer0_q_magnitude_grad_first8"`
}

var (
	inputs  = [][]int32{{1, 4, 466, 479, 5, 16, 77, 200}, {1, 4, 300, 31, 5}}
	targets = llama.Targets{ // the labels of both rows from the fourth token on, predicted by the token before
		Rows:   []int{2, 3, 4, 5, 6, 8 + 2, 8 + 3},
		Words:  []int32{479, 5, 16, 77, 200, 31, 5},
		Weight: 1.0 / 7,
	}
)

func readNumbers(t *testing.T, name string) numbers {
	t.Helper()
	text, err := os.ReadFile("testdata/adapter_numbers.json")
	require.NoError(t, err)
	var all map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &all))
	var n numbers
	require.NoError(t, json.Unmarshal(all[name], &n))
	return n
}

func base(t *testing.T) *llama.Model {
	t.Helper()
	torchtest.Need(t)
	m, err := llama.Load(context.Background(), "testdata/llama", llama.LoadOptions{})
	require.NoError(t, err)
	t.Cleanup(m.Free)
	return m
}

func TestLogitsLossAndGradientsEqualThoseOfPEFT(t *testing.T) {
	for _, name := range []string{"lora", "rslora", "dora"} {
		t.Run(name, func(t *testing.T) {
			want := readNumbers(t, name)
			m := base(t)
			a, err := lora.Load(m, filepath.Join("testdata", name), &m.Clock)
			require.NoError(t, err)
			defer a.Free()
			require.NoError(t, torch.Run(func() error {
				s := torch.NewScope("test")
				defer s.Close()
				rows := llama.Rows{IDs: append(append([]int32{}, inputs[0]...), inputs[1]...), Bounds: []int{0, 8, 13}}
				hidden := m.Hidden(s, rows)
				logits := m.Logits(hidden)
				for i, example := range inputs {
					for at := range example {
						row := rows.Bounds[i] + at
						torchtest.Close(t, want.Logits[i][at], logits.Rows(row, row+1).Narrow(1, 0, 8).Floats(), 1e-4)
					}
				}
				loss := m.Loss(hidden, targets)
				require.InEpsilon(t, want.Loss, loss.Item(), 1e-5)
				loss.Backward()
				square := 0.0
				for parameter, p := range a.Parameters() {
					grad := p.Grad(s).Floats()
					for _, g := range grad {
						square += float64(g) * float64(g)
					}
					switch parameter {
					case "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight":
						torchtest.Close(t, want.GradA, grad[:8], 1e-4)
					case "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight":
						torchtest.Close(t, want.GradB, grad[:8], 1e-4)
					case "base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector":
						torchtest.Close(t, want.Magnitude, grad[:8], 1e-4)
					}
				}
				require.InEpsilon(t, want.GradNorm, math.Sqrt(square), 1e-4)
				return nil
			}))
		})
	}
}

func TestAnAdapterSurvivesSavingAndLoading(t *testing.T) {
	for _, name := range []string{"lora", "rslora", "dora", "patterns"} {
		m := base(t)
		a, err := lora.Load(m, filepath.Join("testdata", name), &m.Clock)
		require.NoError(t, err)
		dir := t.TempDir()
		require.NoError(t, a.Save(dir))
		a.Detach()
		b, err := lora.Load(m, dir, &m.Clock)
		require.NoError(t, err)
		require.Equal(t, a.Modules(), b.Modules())
		saved := map[string][]float32{}
		for name, p := range a.Parameters() {
			saved[name] = p.Floats()
		}
		for name, p := range b.Parameters() {
			require.Equal(t, saved[name], p.Floats(), name)
		}
		var theirs, ours map[string]any
		for dir, to := range map[string]*map[string]any{filepath.Join("testdata", name): &theirs, dir: &ours} {
			text, err := os.ReadFile(filepath.Join(dir, "adapter_config.json"))
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(text, to))
		}
		require.ElementsMatch(t, theirs["target_modules"], ours["target_modules"])
		delete(theirs, "target_modules")
		delete(ours, "target_modules")
		require.Equal(t, theirs, ours, "adapter_config.json of peft")
		a.Free()
		b.Free()
	}
}

func TestTargetsMatchAsInPEFT(t *testing.T) {
	m := base(t)
	const layer = "model.layers.0."
	for _, c := range []struct {
		name   string
		config lora.Config
		count  int
		first  string
	}{
		{"names", lora.Config{TargetModules: lora.Targets{Names: []string{"q_proj", "v_proj"}}}, 4, layer + "self_attn.q_proj"},
		{"the end of a name", lora.Config{TargetModules: lora.Targets{Names: []string{"mlp.up_proj"}}}, 2, layer + "mlp.up_proj"},
		{"a whole name", lora.Config{TargetModules: lora.Targets{Names: []string{"model.layers.1.mlp.up_proj"}}}, 1, "model.layers.1.mlp.up_proj"},
		{"an expression", lora.Config{TargetModules: lora.Targets{Regexp: `.*layers\.1\.mlp\.(up|down)_proj`}}, 2, "model.layers.1.mlp.up_proj"},
		{"all linear layers but the head", lora.Config{TargetModules: lora.AllLinear}, 14, layer + "self_attn.q_proj"},
		{"the head by name", lora.Config{TargetModules: lora.Targets{Names: []string{"lm_head"}}}, 1, "lm_head"},
		{"some layers", lora.Config{TargetModules: lora.AllLinear, LayersToTransform: []int{1}, LayersPattern: []string{"layers"}}, 7, "model.layers.1.self_attn.q_proj"},
		{"exclusions", lora.Config{TargetModules: lora.AllLinear, ExcludeModules: lora.Targets{Names: []string{"q_proj"}}}, 12, layer + "self_attn.k_proj"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.config.R, c.config.Alpha = 2, 2
			a, err := lora.Attach(m, c.config, &m.Clock, torch.NewGenerator(1))
			require.NoError(t, err)
			require.Len(t, a.Modules(), c.count)
			require.Equal(t, c.first, a.Modules()[0])
			a.Detach()
			a.Free()
		})
	}
}

func TestAFreshAdapterChangesNothing(t *testing.T) {
	m := base(t)
	s := torch.NewScope("test")
	defer s.Close()
	rows := llama.Rows{IDs: inputs[0]}
	before := m.Logits(m.Hidden(s, rows)).Floats()
	for _, dora := range []bool{false, true} {
		a, err := lora.Attach(m, lora.Config{R: 4, Alpha: 8, TargetModules: lora.AllLinear, UseDoRA: dora}, &m.Clock, torch.NewGenerator(1))
		require.NoError(t, err)
		torchtest.Close(t, before, m.Logits(m.Hidden(s, rows)).Floats(), 1e-6)
		a.Detach()
		a.Free()
	}
}

func TestErrorsSayWhatDoesNotFit(t *testing.T) {
	m := base(t)
	g := torch.NewGenerator(1)
	_, err := lora.Attach(m, lora.Config{R: 4, Alpha: 8, TargetModules: lora.Targets{Names: []string{"q_porj"}}}, &m.Clock, g)
	require.ErrorContains(t, err, `target module "q_porj" matches no linear layer; near names: q_proj`)
	_, err = lora.Attach(m, lora.Config{R: 0, TargetModules: lora.AllLinear}, &m.Clock, g)
	require.ErrorContains(t, err, "r is 0")
	_, err = lora.ParseConfig([]byte(`{"peft_type": "LORA", "use_bdlora": {"x": 1}}`))
	require.ErrorContains(t, err, "use_bdlora")

	// Tensors of modules that the configuration does not name: peft drops them silently.
	dir := t.TempDir()
	for _, name := range []string{"adapter_config.json", "adapter_model.safetensors"} {
		data, err := os.ReadFile(filepath.Join("testdata/lora", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o644))
	}
	c, err := lora.ReadConfig(dir)
	require.NoError(t, err)
	c.TargetModules = lora.Targets{Names: []string{"q_proj"}}
	text, err := c.JSON()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "adapter_config.json"), text, 0o644))
	_, err = lora.Load(m, dir, &m.Clock)
	require.ErrorContains(t, err, "v_proj.lora_A.weight has no place in the model")
}

func FuzzParseConfig(f *testing.F) {
	for _, name := range []string{"lora", "dora", "patterns"} {
		text, err := os.ReadFile(filepath.Join("testdata", name, "adapter_config.json"))
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, err := lora.ParseConfig(text); err == nil {
			_, err := c.JSON()
			require.NoError(t, err)
		}
	})
}
