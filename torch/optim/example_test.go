package optim_test

import (
	"fmt"

	"github.com/ajolote-ai/ajolote/torch/optim"
)

func ExampleScheduleConfig() {
	schedule, err := optim.ScheduleConfig{Kind: "cosine", LR: 2e-4, Steps: 100, WarmupSteps: 10}.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range []int{0, 5, 10, 55, 100} {
		fmt.Printf("%d: %.1e\n", step, schedule(step))
	}
	// Output:
	// 0: 0.0e+00
	// 5: 1.0e-04
	// 10: 2.0e-04
	// 55: 1.0e-04
	// 100: 0.0e+00
}
