package bert_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

var kinds = []string{"bert", "roberta", "xlmr"}

type goldens struct {
	IDs    [][]int32                  `json:"ids"`
	Golden map[string]json.RawMessage `json:"golden"`
}

func (g goldens) read(t *testing.T, name string, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(g.Golden[name], into))
}

func readGoldens(t *testing.T) (g goldens) {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &g))
	return g
}

func load(t *testing.T, kind string) *bert.Model {
	t.Helper()
	m, err := bert.Load(context.Background(), filepath.Join("testdata", kind), bert.LoadOptions{})
	require.NoError(t, err)
	t.Cleanup(m.Free)
	return m
}

func TestHiddenStatesEqualThoseOfTransformers(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	g := readGoldens(t)
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			m := load(t, kind)
			var want [][]float32
			g.read(t, kind, &want)
			s := torch.NewScope("test")
			defer s.Close()
			rows := bert.Join(g.IDs...)
			torch.NoGrad(func() {
				hidden := m.Forward(s, rows)
				for i := range want {
					torchtest.Close(t, want[i], hidden.Rows(rows.Bounds[i], rows.Bounds[i+1]).Floats(), 1e-5, "text %d", i)
				}
			})
		})
	}
}

func TestGradientsEqualThoseOfTransformers(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	g := readGoldens(t)
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			m := load(t, kind)
			var want map[string][]float32
			g.read(t, kind+".grad", &want)
			require.NoError(t, torch.Run(func() error {
				s := torch.NewScope("test")
				defer s.Close()
				for _, p := range m.Parameters() {
					p.SetRequiresGrad(true)
				}
				weights := make([]float32, 24)
				for i := range weights {
					weights[i] = float32(-1 + 2*float64(i)/23)
				}
				m.Forward(s, bert.Join(g.IDs...)).Mul(torch.FromSlice(s, weights, 24)).Sum().Backward()
				compared := 0
				for name, p := range m.Parameters() {
					if want[name] == nil {
						continue
					}
					grad := p.Grad(s).Floats()
					if name == "encoder.layer.1.attention.self.key.bias" { // zero but for rounding
						continue
					}
					torchtest.Close(t, want[name], grad, 1e-4, name)
					compared++
				}
				require.Greater(t, compared, 10)
				return nil
			}))
		})
	}
}

// A text's states do not depend on what else is in the row.
func TestTextsDoNotSeeEachOther(t *testing.T) {
	torchtest.Need(t)
	g := readGoldens(t)
	m := load(t, "xlmr")
	s := torch.NewScope("test")
	defer s.Close()
	torch.NoGrad(func() {
		together := m.Forward(s, bert.Join(g.IDs...)).Rows(6, 26).Floats()
		alone := m.Forward(s, bert.Join(g.IDs[2])).Floats()
		torchtest.Close(t, alone, together, 1e-6)
	})
}

func TestDropoutIsTheSameForTheSameStepAndAnotherForTheNext(t *testing.T) {
	torchtest.Need(t)
	g := readGoldens(t)
	m := load(t, "bert")
	m.SetDropout(0.2, 0.3)
	s := torch.NewScope("test")
	defer s.Close()
	run := func(step uint64, training bool) []float32 {
		m.Clock.Training, m.Clock.Step = training, step
		return m.Forward(s, bert.Join(g.IDs...)).Floats()
	}
	torch.NoGrad(func() {
		first := run(3, true)
		require.Equal(t, first, run(3, true))
		require.NotEqual(t, first, run(4, true))
		m.SetDropout(0, 0)
		plain := run(3, true)
		torchtest.Close(t, run(3, false), plain, 1e-5)
		require.NotEqual(t, first, plain)
		// Mini-batches that say their place draw the masks of the whole.
		m.SetDropout(0.2, 0.3)
		rest := g.IDs[2:]
		m.Clock.Row = 6
		torchtest.Close(t, first[6*24:], func() []float32 {
			m.Clock.Training, m.Clock.Step = true, 3
			return m.Forward(s, bert.Join(rest...)).Floats()
		}(), 1e-5)
		m.Clock.Row = 0
	})
}

func TestLoadListsEveryFault(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	dir := t.TempDir()
	text, err := os.ReadFile("testdata/bert/config.json")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), text, 0o644))
	source, err := safetensors.Open("testdata/bert")
	require.NoError(t, err)
	defer source.Close()
	write := func(change func(name string, data []byte) (string, []byte)) {
		var specs []safetensors.Spec
		var contents [][]byte
		for _, tensor := range source.Tensors() {
			data, err := tensor.Read()
			require.NoError(t, err)
			name, data := change(tensor.Name, data)
			if name == "" {
				continue
			}
			specs = append(specs, safetensors.Spec{Name: name, DType: tensor.DType, Shape: tensor.Shape})
			contents = append(contents, data)
		}
		w, err := safetensors.Create(filepath.Join(dir, "model.safetensors"), specs, nil)
		require.NoError(t, err)
		for i, spec := range specs {
			require.NoError(t, w.Write(spec.Name, contents[i]))
		}
		require.NoError(t, w.Commit())
	}
	write(func(name string, data []byte) (string, []byte) {
		switch name {
		case "encoder.layer.1.output.dense.bias":
			return "", nil
		case "encoder.layer.0.output.dense.bias":
			return "encoder.layer.0.output.strange.bias", data
		}
		return name, data
	})
	_, err = bert.Load(context.Background(), dir, bert.LoadOptions{})
	require.ErrorContains(t, err, "encoder.layer.1.output.dense.bias is missing")
	require.ErrorContains(t, err, "encoder.layer.0.output.dense.bias is missing")
	require.ErrorContains(t, err, "encoder.layer.0.output.strange.bias has no place in the model")

	write(func(name string, data []byte) (string, []byte) {
		if name == "pooler.dense.bias" {
			nan := math.Float32bits(float32(math.NaN()))
			data = append([]byte{byte(nan), byte(nan >> 8), byte(nan >> 16), byte(nan >> 24)}, data[4:]...)
		}
		return name, data
	})
	_, err = bert.Load(context.Background(), dir, bert.LoadOptions{})
	require.ErrorContains(t, err, "NaN")
	require.ErrorContains(t, err, "pooler.dense.bias")
}

func TestSavedWeightsAreTheSame(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	m := load(t, "roberta")
	dir := t.TempDir()
	require.NoError(t, m.Save(dir))
	text, err := os.ReadFile("testdata/roberta/config.json")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), text, 0o644))
	again, err := bert.Load(context.Background(), dir, bert.LoadOptions{})
	require.NoError(t, err)
	defer again.Free()
	want := map[string]*torch.Tensor{}
	for name, p := range m.Parameters() {
		want[name] = p
	}
	for name, p := range again.Parameters() {
		require.True(t, p.Equal(want[name]), name)
	}
}

func TestConfigFaultsAreAllNamed(t *testing.T) {
	_, err := bert.ParseConfig([]byte(`{"model_type": "roberta", "hidden_size": 10, "num_attention_heads": 3, "hidden_act": "swish",
		"position_embedding_type": "relative_key", "vocab_size": -1, "hidden_dropout_prob": 1.5}`))
	for _, key := range []string{"hidden_size", "hidden_act", "position_embedding_type", "vocab_size", "hidden_dropout_prob"} {
		require.ErrorContains(t, err, key)
	}
}
