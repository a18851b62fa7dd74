package salamandra

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/optim"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// qloraGolden is what transformers, peft and bitsandbytes computed: see testdata/qlora_golden.py.
type qloraGolden struct {
	FirstLoss float64   `json:"first_loss"`
	Losses    []float64 `json:"losses"`
	GradNorms []float64 `json:"grad_norms"`
}

func readQLoRAGolden(t *testing.T) (g qloraGolden, examples []Tokenized) {
	t.Helper()
	text, err := os.ReadFile("testdata/qlora/golden.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &g))
	text, err = os.ReadFile("testdata/qlora/examples.json")
	require.NoError(t, err)
	var rows []struct {
		IDs    []int32 `json:"input_ids"`
		Labels []int32 `json:"labels"`
	}
	require.NoError(t, json.Unmarshal(text, &rows))
	for i, r := range rows {
		examples = append(examples, Tokenized{ID: fmt.Sprint(i), IDs: r.IDs, Labels: r.Labels})
	}
	return g, examples
}

// qloraModel is stories260k in NF4 with the golden adapter on it.
func qloraModel(t *testing.T) (*llama.Model, *lora.Adapter) {
	t.Helper()
	m, err := llama.Load(context.Background(), "../testdata/stories260k", llama.LoadOptions{Load4Bit: true, DoubleQuant: true})
	require.NoError(t, err)
	a, err := lora.Load(m, "testdata/qlora/adapter", &m.Clock)
	require.NoError(t, err)
	return m, a
}

func TestLossAndEveryAdapterGradientEqualThoseOfPEFT(t *testing.T) {
	torchtest.Need(t)
	golden, examples := readQLoRAGolden(t)
	grads, err := safetensors.Open("testdata/qlora/grads.safetensors")
	require.NoError(t, err)
	defer grads.Close()
	for _, c := range []struct {
		name    string
		stepper Stepper
	}{
		{"flat rows", Stepper{}},
		{"flat rows, two micro-batches", Stepper{MicroTokens: 300}},
		{"shared prefix", Stepper{SharePrefix: true}},
		{"shared prefix, micro-batches", Stepper{SharePrefix: true, MicroTokens: 60}},
		{"recomputing", Stepper{Trainer: &llama.Trainer{Recompute: true}}},
		{"shared prefix, recomputing", Stepper{SharePrefix: true, MicroTokens: 100, Trainer: &llama.Trainer{Recompute: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			torchtest.NoLeaks(t)
			// Two goroutines at once, each with a model of its own: grad mode belongs to the thread.
			var both sync.WaitGroup
			for range 2 {
				both.Go(func() {
					m, a := qloraModel(t)
					defer m.Free()
					defer a.Free()
					stepper := c.stepper
					trainer := llama.Trainer{Model: m}
					if stepper.Trainer != nil {
						trainer.Recompute = stepper.Trainer.Recompute
					}
					stepper.Trainer = &trainer
					require.NoError(t, torch.Run(func() error {
						r, err := stepper.Step(context.Background(), examples[:8])
						require.NoError(t, err)
						require.InEpsilon(t, golden.FirstLoss, r.Loss, 1e-5)
						s := torch.NewScope("compare")
						defer s.Close()
						for name, p := range a.Parameters() {
							want, err := tensorfile.Read(s, grads.Tensor(name))
							require.NoError(t, err)
							torchtest.Close(t, want.Floats(), p.Grad(s).Floats(), 1e-4, name)
						}
						return nil
					}))
				})
			}
			both.Wait()
		})
	}
}

func TestLossCurveOfFiftyStepsEqualsThatOfPEFT(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	golden, examples := readQLoRAGolden(t)
	m, a := qloraModel(t)
	defer m.Free()
	defer a.Free()
	stepper := Stepper{Trainer: &llama.Trainer{Model: m}, SharePrefix: true}
	require.NoError(t, torch.Run(func() error {
		adam := optim.NewAdamW(optim.DefaultAdamW(), optim.OneGroup(a.Parameters(), 0))
		defer adam.Free()
		schedule, err := optim.ScheduleConfig{Kind: "cosine", LR: 2e-3, Steps: 50, WarmupSteps: 5}.Build()
		require.NoError(t, err)
		for n, want := range golden.Losses {
			var batch []Tokenized
			for i := range 8 {
				batch = append(batch, examples[(8*n+i)%32])
			}
			r, err := stepper.Step(context.Background(), batch)
			require.NoError(t, err)
			require.InEpsilon(t, want, r.Loss, 1e-3, "step %d", n)
			require.InEpsilon(t, golden.GradNorms[n], torch.ClipGradNorm(adam.Parameters(), 1), 1e-2, "step %d", n)
			adam.Step(schedule(n))
			torch.ZeroGrad(adam.Parameters())
		}
		return nil
	}))
}
