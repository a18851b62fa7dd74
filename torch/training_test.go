package torch_test

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
	"github.com/ajolote-ai/ajolote/torch/optim"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// classifier is the model of testdata/mlp.py.
type classifier struct {
	up, down *nn.Dense
	norm     *nn.LayerNorm
}

func newClassifier(weights map[string]*torch.Tensor) *classifier {
	p := func(name string) *torch.Tensor { return weights[name].Clone().Keep(nil).SetRequiresGrad(true) }
	return &classifier{
		up:   &nn.Dense{Weight: p("0.weight"), Bias: p("0.bias")},
		norm: &nn.LayerNorm{Weight: p("2.weight"), Bias: p("2.bias"), Eps: 1e-5},
		down: &nn.Dense{Weight: p("3.weight"), Bias: p("3.bias")},
	}
}

func (c *classifier) forward(x *torch.Tensor) *torch.Tensor {
	return c.down.Forward(c.norm.Forward(c.up.Forward(x).Gelu()))
}

// parameters always come in one order: it decides in which order the norm of the gradients is summed.
func (c *classifier) parameters() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		_ = yield("0.weight", c.up.Weight) && yield("0.bias", c.up.Bias) &&
			yield("2.weight", c.norm.Weight) && yield("2.bias", c.norm.Bias) &&
			yield("3.weight", c.down.Weight) && yield("3.bias", c.down.Bias)
	}
}

// train runs the steps of testdata/mlp.py and returns the losses and the weights' last bytes. after is called after each step.
func train(t testing.TB, steps int, after func(step int)) (losses []float64, weights map[string][]byte, err error) {
	err = torch.Run(func() error {
		s := torch.NewScope("train")
		defer s.Close()
		data := torchtest.Goldens(t, s, "testdata/mlp.safetensors")
		model := newClassifier(data)
		adam := optim.NewAdamW(optim.DefaultAdamW(), optim.OneGroup(model.parameters(), 0.1))
		defer adam.Free()
		for i := range steps {
			step := s.Child("step")
			first := i % 8 * 32
			x, y := data["x"].In(step).Rows(first, first+32), data["y"].In(step).Rows(first, first+32)
			loss := model.forward(x).CrossEntropy(y, -100)
			losses = append(losses, loss.Item())
			loss.Backward()
			torch.ClipGradNorm(adam.Parameters(), 1)
			adam.Step(1e-2)
			torch.ZeroGrad(adam.Parameters())
			step.Close()
			if after != nil {
				after(i)
			}
		}
		weights = map[string][]byte{}
		for name, p := range model.parameters() {
			weights[name] = p.Bytes()
			p.Free()
		}
		return nil
	})
	return losses, weights, err
}

func TestTrainingReachesPythonTorchsLoss(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("goldens")
	defer s.Close()
	want := torch.ToSlice[float64](torchtest.Goldens(t, s, "testdata/mlp.safetensors")["losses"])
	require.Less(t, want[99], want[0]/2, "the golden run learns")
	losses, weights, err := train(t, 100, nil)
	require.NoError(t, err)
	for step := range want {
		require.InDelta(t, want[step], losses[step], 1e-5, "step %d", step)
	}
	again, sameWeights, err := train(t, 100, nil)
	require.NoError(t, err)
	require.Equal(t, losses, again, "a second run gives the same bytes")
	require.Equal(t, weights, sameWeights)
}

func TestThousandStepsHoldNoMoreThanOne(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	var tensors []int
	var resident []int64
	_, _, err := train(t, 1000, func(step int) {
		tensors = append(tensors, torch.LiveTensors())
		now, _, err := torch.Memory()
		require.NoError(t, err)
		resident = append(resident, now)
	})
	require.NoError(t, err)
	require.Equal(t, slices.Min(tensors), slices.Max(tensors), "live tensors after each step")
	require.Less(t, resident[999]-resident[100], int64(4<<20), "resident bytes from step 100 to 1000")
}

func TestSixteenJobsAtOnceGiveWhatEachGivesAlone(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	steps := 50
	losses, weights, err := train(t, steps, nil)
	require.NoError(t, err)
	var jobs sync.WaitGroup
	faults := make([]error, 16)
	for job := range faults {
		jobs.Go(func() {
			mine, bytes, err := train(t, steps, nil)
			switch {
			case err != nil:
				faults[job] = err
			case !slices.Equal(losses, mine):
				faults[job] = fmt.Errorf("job %d: losses %v", job, mine)
			case !maps.EqualFunc(weights, bytes, slices.Equal[[]byte]):
				faults[job] = fmt.Errorf("job %d: other weights", job)
			}
		})
	}
	jobs.Wait()
	for _, fault := range faults {
		require.NoError(t, fault)
	}
}
