package torch_test

import (
	"fmt"
	"testing"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

func Example() {
	err := torch.Run(func() error {
		s := torch.NewScope("example")
		defer s.Close()
		x := torch.FromSlice(s, []float32{1, 2, 3, 4}, 2, 2)
		w := torch.FromSlice(s, []float32{0.5, -1}, 2).SetRequiresGrad(true)
		loss := x.MatMul(w).PowScalar(2).Sum()
		loss.Backward()
		fmt.Println(loss.Item(), w.Grad(s).Floats())
		return nil
	})
	fmt.Println(err)
	// Output:
	// 8.5 [-18 -26]
	// <nil>
}

func ExampleScope() {
	run := torch.NewScope("run")
	defer run.Close()
	total := torch.Scalar(run, 0, torch.Float32CPU)
	for i := range 3 {
		step := run.Child("step")
		x := torch.Full(step, float64(i), torch.Float32CPU, 4)
		total.AddInPlace(x.Sum(), 1) // x and its sum belong to the step, total to the run
		step.Close()                 // and here they go
	}
	fmt.Println(total.Item(), run.Len())
	// Output: 12 1
}

func ExampleCatch() {
	multiply := func() (err error) {
		defer torch.Catch(&err)
		s := torch.NewScope("example")
		defer s.Close()
		torch.Ones(s, torch.Float32CPU, 2, 3).MatMul(torch.Ones(s, torch.Float32CPU, 2, 3))
		return nil
	}
	fmt.Println(multiply())
	// Output: torch.MatMul([2 3] float32, [2 3] float32): mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)
}
