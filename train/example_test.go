package train_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"testing"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/optim"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
	"github.com/ajolote-ai/ajolote/train"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// A job is an optimizer, a schedule, and what a step computes; the loop does the rest. Here one number learns to be three.
func ExampleRun() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	x := torch.Zeros(nil, torch.Float32CPU, 1).SetRequiresGrad(true)
	defer x.Free()
	adam := optim.NewAdamW(optim.DefaultAdamW(), optim.Group{Names: []string{"x"}, Tensors: []*torch.Tensor{x}})
	defer adam.Free()

	o := train.DefaultOptions()
	o.OutputDir, o.Examples, o.MaxSteps = dir, 1, 200
	result, err := train.Run(context.Background(), train.Job{
		Options: o, Optimizer: adam,
		Schedule: func(int) float64 { return 0.05 },
		Step: func(context.Context, int, []int) (train.StepResult, error) {
			s := torch.NewScope("step")
			defer s.Close()
			loss := x.In(s).AddScalar(-3).PowScalar(2).Sum()
			loss.Backward()
			return train.StepResult{Loss: loss.Item(), Tokens: 1, Labels: 1}, nil
		},
		Save:    func(string) error { return nil },
		Restore: func(string) error { return nil },
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d steps: %.1f\n", result.Steps, x.Item())
	// Output: 200 steps: 3.0
}
