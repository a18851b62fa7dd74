package salamandra

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// stepGradients are the loss of a step and the gradient of every parameter of the adapter.
func stepGradients(t *testing.T, stepper Stepper, m *llama.Model, a *lora.Adapter, batch []Tokenized) (loss float64, tokens int, grads map[string][]float32) {
	t.Helper()
	trainer := *stepper.Trainer
	trainer.Model = m
	stepper.Trainer = &trainer
	grads = map[string][]float32{}
	require.NoError(t, torch.Run(func() error {
		r, err := stepper.Step(context.Background(), slices.Clone(batch))
		require.NoError(t, err)
		loss, tokens = r.Loss, r.Tokens
		s := torch.NewScope("grads")
		defer s.Close()
		var all []*torch.Tensor
		for name, p := range a.Parameters() {
			grads[name] = p.Grad(s).Floats()
			all = append(all, p)
		}
		torch.ZeroGrad(all)
		return nil
	}))
	return loss, tokens, grads
}

// Every example begins with the same 41 tokens, 40 of them on purpose (see testdata/qlora_golden.py).
func TestLabelsInASharedPrefixCountOnceForEveryExample(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	_, examples := readQLoRAGolden(t)
	m, a := qloraModel(t)
	defer m.Free()
	defer a.Free()
	for _, c := range []struct {
		name     string
		labelled func(example, token int) bool
		shared   int
	}{
		{"all tokens", func(_, _ int) bool { return true }, 40},
		{"the first half of the prefix", func(_, token int) bool { return token < 20 || token > 44 }, 41},
		{"all of it in one example, a part of it in the others", func(example, token int) bool { return example == 3 || token < 26 || token > 44 }, 25},
	} {
		t.Run(c.name, func(t *testing.T) {
			var batch []Tokenized
			for i, e := range examples[:8] {
				e.Labels = slices.Clone(e.IDs)
				for j := range e.Labels {
					if !c.labelled(i, j) {
						e.Labels[j] = Ignore
					}
				}
				batch = append(batch, e)
			}
			require.Equal(t, c.shared, sharedPrefix(batch))
			want, all, wanted := stepGradients(t, Stepper{Trainer: &llama.Trainer{}}, m, a, batch)
			for _, recompute := range []bool{false, true} {
				stepper := Stepper{SharePrefix: true, MicroTokens: 100, Trainer: &llama.Trainer{Recompute: recompute}}
				loss, tokens, grads := stepGradients(t, stepper, m, a, batch)
				require.Equal(t, all-7*c.shared, tokens)
				require.InEpsilon(t, want, loss, 1e-5)
				for name, g := range wanted {
					torchtest.Close(t, g, grads[name], 1e-4, name)
				}
			}
		})
	}
}

func TestTrainingOnInputsSharesThePrompt(t *testing.T) {
	torchtest.Need(t)
	shared, flat := tinyConfig(t, "train_on_inputs=true"), tinyConfig(t, "train_on_inputs=true", "shared_prefix=false")
	fineTune(t, shared)
	fineTune(t, flat)
	require.Less(t, tokensOf(t, shared)[0], tokensOf(t, flat)[0])
	want := losses(t, flat)
	for i, loss := range losses(t, shared) {
		require.InEpsilon(t, want[i], loss, 1e-3, "step %d", i+1)
	}
}
