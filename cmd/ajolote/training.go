// What all commands that train show: a bar of steps, and a line for each evaluation, checkpoint and warning.

package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/progress"
	"github.com/ajolote-ai/ajolote/train"
)

// showTraining draws a run's events; note says what stands beside the bar after a step.
func showTraining(display *progress.Display, note func(train.Record) string) func(train.Event) {
	var steps *progress.Task
	return func(e train.Event) {
		if steps == nil && e.Kind != train.Warning {
			steps = display.Task("train", int64(e.Total), progress.Count("steps"))
		}
		switch e.Kind {
		case train.Resumed:
			steps.Resume(int64(e.Step))
			display.Printf("resumed from %s", e.Path)
		case train.Stepped:
			steps.Note(note(e.Record))
			steps.Set(int64(e.Step))
		case train.Evaluated:
			display.Printf("step %d: %s", e.Step, describeMetrics(e.Metrics, e.Best))
		case train.Saved:
			display.Printf("saved %s", e.Path)
		case train.Warning:
			display.Printf("warning: %s", e.Message)
		case train.WandBWritten:
			display.Printf("for W&B: wandb sync %s", e.Path)
		case train.Finished:
			steps.Done()
		}
	}
}

func describeMetrics(metrics map[string]float64, best bool) string {
	text := ""
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		text += fmt.Sprintf("%s %.4f  ", name, metrics[name])
	}
	if best {
		text += "(best)"
	}
	return text
}

// printTrained says in a line what a run has done.
func printTrained(cmd *cobra.Command, result train.Result, seconds float64, dir string) {
	if result.AlreadyFinished {
		fmt.Fprintf(cmd.OutOrStdout(), "%s holds this run, finished after %d steps: nothing to do. Use --resume none to train anew.\n", dir, result.Steps)
		return
	}
	fmt.Fprintf(cmd.OutOrStdout(), "trained %d steps in %s: loss %.4f; saved in %s\n", result.Steps,
		time.Duration(seconds*float64(time.Second)).Round(time.Second), result.Loss, dir)
}
