package lora_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// The numbers are peft's: see testdata/full/make.py.

type fullNumbers struct {
	Logits, Merged [][]float32
	Loss           float64
	Gradients      map[string]struct {
		Norm  float64
		First []float32
	}
}

var fullKinds = []string{"bias-all", "bias-lora-only", "modules", "suffix"}

func readFull(t *testing.T, kind string) (n fullNumbers, ids, labels []int32) {
	t.Helper()
	text, err := os.ReadFile("testdata/full/numbers.json")
	require.NoError(t, err)
	var all map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &all))
	require.NoError(t, json.Unmarshal(all[kind], &n))
	require.NoError(t, json.Unmarshal(all["ids"], &ids))
	require.NoError(t, json.Unmarshal(all["labels"], &labels))
	return n, ids, labels
}

func biased(t *testing.T, o llama.LoadOptions) *llama.Model {
	t.Helper()
	torchtest.Need(t)
	m, err := llama.Load(context.Background(), "testdata/full/base", o)
	require.NoError(t, err)
	t.Cleanup(m.Free)
	return m
}

// first8 are the first eight logits of every token.
func first8(m *llama.Model, s *torch.Scope, ids []int32) []float32 {
	return m.Logits(m.Hidden(s, llama.Rows{IDs: ids})).Narrow(1, 0, 8).Contiguous().Floats()
}

func TestWhatIsTrainedInFullHasTheGradientsOfPEFT(t *testing.T) {
	for _, kind := range fullKinds {
		t.Run(kind, func(t *testing.T) {
			want, ids, labels := readFull(t, kind)
			m := biased(t, llama.LoadOptions{})
			a, err := lora.Load(m, filepath.Join("testdata/full", kind), &m.Clock)
			require.NoError(t, err)
			defer a.Free()
			require.NoError(t, torch.Run(func() error {
				s := torch.NewScope("test")
				defer s.Close()
				torchtest.Close(t, slices.Concat(want.Logits...), first8(m, s, ids), 1e-4)
				targets := llama.Targets{}
				for i, label := range labels {
					if label >= 0 {
						targets.Rows, targets.Words = append(targets.Rows, i-1), append(targets.Words, label)
					}
				}
				targets.Weight = 1 / float64(len(targets.Rows))
				first := 0
				if kind == "modules" {
					first = -1 // the embedding
				}
				for _, recompute := range []bool{false, true} {
					trainer := llama.Trainer{Model: m, Recompute: recompute, FirstTrained: first}
					require.InEpsilon(t, want.Loss, trainer.Step(s, llama.Rows{IDs: ids}, targets), 1e-5)
					var names []string
					for name, p := range a.Parameters() {
						names = append(names, name)
						grad := p.Grad(s).Floats()
						square := 0.0
						for _, g := range grad {
							square += float64(g) * float64(g)
						}
						expected, ok := want.Gradients[name]
						require.True(t, ok, name)
						require.InEpsilon(t, expected.Norm, math.Sqrt(square), 1e-4, name)
						torchtest.Close(t, expected.First, grad[:min(8, len(grad))], 1e-4)
						torch.ZeroGrad([]*torch.Tensor{p})
					}
					require.Len(t, names, len(want.Gradients))
				}
				return nil
			}))
		})
	}
}

func TestWhatIsTrainedInFullSurvivesSavingAndLoadingAndLeavesTheModelAsItWas(t *testing.T) {
	for _, kind := range fullKinds {
		_, ids, _ := readFull(t, kind)
		m := biased(t, llama.LoadOptions{})
		live := torch.LiveTensors()
		logits := func() []float32 {
			s := torch.NewScope("test")
			defer s.Close()
			return first8(m, s, ids)
		}
		before := logits()
		theirs := filepath.Join("testdata/full", kind)
		a, err := lora.Load(m, theirs, &m.Clock)
		require.NoError(t, err)
		trained := logits()
		require.NotEqual(t, before, trained)
		dir := t.TempDir()
		require.NoError(t, a.Save(dir))
		a.Detach()
		require.Equal(t, before, logits())

		b, err := lora.Load(m, dir, &m.Clock)
		require.NoError(t, err)
		require.Equal(t, trained, logits())
		b.Detach()
		b.Free()
		a.Free()
		require.Equal(t, live, torch.LiveTensors())
		require.Equal(t, before, logits())

		var wrote, read map[string]any
		for path, to := range map[string]*map[string]any{theirs: &read, dir: &wrote} {
			text, err := os.ReadFile(filepath.Join(path, "adapter_config.json"))
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(text, to))
		}
		require.ElementsMatch(t, read["target_modules"], wrote["target_modules"])
		require.Equal(t, read["modules_to_save"], wrote["modules_to_save"])
		require.Equal(t, read["bias"], wrote["bias"])
	}
}

func TestMergedLayersComputeWhatTheAdapterDoesAndUnmergeExactly(t *testing.T) {
	dirs := []string{"testdata/dora", "testdata/lora", "testdata/rslora"}
	for _, kind := range fullKinds {
		dirs = append(dirs, filepath.Join("testdata/full", kind))
	}
	for _, dir := range dirs {
		for _, quantised := range []bool{false, true} {
			model, ids := "testdata/llama", inputs[0]
			full := filepath.Dir(dir) == "testdata/full"
			if full {
				_, ids, _ = readFull(t, "modules")
				model = "testdata/full/base"
			}
			if quantised && filepath.Base(dir) == "suffix" {
				continue // trains whole linear layers, which NF4 has not
			}
			torchtest.Need(t)
			m, err := llama.Load(context.Background(), model, llama.LoadOptions{Load4Bit: quantised})
			require.NoError(t, err)
			a, err := lora.Load(m, dir, &m.Clock)
			require.NoError(t, err)
			s := torch.NewScope("test")
			torch.NoGrad(func() {
				adapted := first8(m, s, ids)
				require.NoError(t, a.Merge())
				require.NoError(t, a.Merge(), "a second time is nothing")
				merged := first8(m, s, ids)
				torchtest.Close(t, adapted, merged, 1e-4)
				if full && !quantised {
					want, _, _ := readFull(t, filepath.Base(dir))
					torchtest.Close(t, slices.Concat(want.Merged...), merged, 1e-4)
				}
				a.Unmerge()
				require.Equal(t, adapted, first8(m, s, ids))
			})
			s.Close()
			a.Free()
			m.Free()
		}
	}
}

func TestModulesThatCannotBeTrainedInFullAreNamed(t *testing.T) {
	torchtest.Need(t)
	g := torch.NewGenerator(1)
	attach := func(m *llama.Model, c lora.Config) error {
		c.R, c.Alpha = 2, 4
		a, err := lora.Attach(m, c, &m.Clock, g)
		if err == nil {
			a.Free()
		}
		return err
	}
	targets := lora.Targets{Names: []string{"q_proj"}}
	dense := biased(t, llama.LoadOptions{})
	require.ErrorContains(t, attach(dense, lora.Config{TargetModules: targets, ModulesToSave: []string{"embed_token"}}),
		`modules_to_save "embed_token" is the end of no module's name; near names: embed_tokens`)
	require.ErrorContains(t, attach(dense, lora.Config{TargetModules: targets, ModulesToSave: []string{"proj"}}), "would be trained twice")
	require.ErrorContains(t, attach(dense, lora.Config{TargetModules: targets, Bias: "some"}), `bias is "some": none, all or lora_only`)
	require.ErrorContains(t, attach(dense, lora.Config{TargetModules: targets, ModulesToSave: []string{""}}), "empty name")
	nf4 := biased(t, llama.LoadOptions{Load4Bit: true})
	require.ErrorContains(t, attach(nf4, lora.Config{TargetModules: targets, ModulesToSave: []string{"down_proj"}}), "is quantised and cannot be trained in full")
	require.NoError(t, attach(nf4, lora.Config{TargetModules: targets, ModulesToSave: []string{"lm_head", "norm"}, Bias: "all"}))
}

func TestACutAdapterIsAnErrorThatNamesItsFile(t *testing.T) {
	m := biased(t, llama.LoadOptions{})
	data, err := os.ReadFile("testdata/full/modules/adapter_model.safetensors")
	require.NoError(t, err)
	config, err := os.ReadFile("testdata/full/modules/adapter_config.json")
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "adapter_config.json"), config, 0o644))
	live := torch.LiveTensors()
	for cut := 0; cut < len(data); cut += 397 {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "adapter_model.safetensors"), data[:cut], 0o644))
		_, err := lora.Load(m, dir, &m.Clock)
		require.ErrorContains(t, err, "adapter_model.safetensors", "cut to %d bytes", cut)
		_, err = lora.Open(dir)
		require.ErrorContains(t, err, "adapter_model.safetensors", "cut to %d bytes", cut)
	}
	require.Equal(t, live, torch.LiveTensors())
}
