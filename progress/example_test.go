package progress_test

import (
	"os"

	"github.com/ajolote-ai/ajolote/progress"
)

func ExampleDisplay_Printf() {
	display := progress.New(os.Stdout, progress.Silent)
	defer display.Close()
	steps := display.Task("train", 3, progress.Count("steps"))
	for range 3 {
		steps.Note("loss 0.812")
		steps.Add(1)
	}
	steps.Done()
	display.Printf("saved to %s", "out")
	// Output: saved to out
}
