package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/mroberta"
	"github.com/ajolote-ai/ajolote/progress"
	"github.com/ajolote-ai/ajolote/train"
)

func newEmbedTrainCommand() *cobra.Command {
	var set []string
	var resume string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "train CONFIG.yml",
		Short: "Train an embedding model on pairs of texts",
		Long: `Train an embedding model on pairs of texts.

Killed at any moment and started again, it goes on from its newest checkpoint and ends with the same bytes.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, notices, err := mroberta.LoadConfig(args[0], set...)
			for _, n := range notices {
				fmt.Fprintln(cmd.ErrOrStderr(), "note:", n)
			}
			if err != nil {
				return err
			}
			if dryRun {
				text, err := mroberta.Rehearse(cmd.Context(), c)
				if err == nil {
					_, err = fmt.Fprint(cmd.OutOrStdout(), text)
				}
				return err
			}
			return trainEmbedder(cmd, c, resume)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&set, "set", nil, "override a key: --set learning_rate=1e-5")
	flags.StringVar(&resume, "resume", "", "auto (the newest checkpoint), none (begin anew), or the path of a checkpoint")
	flags.BoolVar(&dryRun, "dry-run", false, "check everything, tokenise, and say what training would take")
	return cmd
}

func trainEmbedder(cmd *cobra.Command, c *mroberta.Config, resume string) error {
	display := progress.New(cmd.ErrOrStderr(), progress.Auto)
	defer display.Close()
	var steps *progress.Task
	result, err := mroberta.Train(cmd.Context(), c, nil, mroberta.TrainOptions{
		Resume:  resume,
		Notice:  func(text string) { display.Printf("note: %s", text) },
		Loading: byteTask(display, "load"),
		Events: func(e train.Event) {
			if steps == nil && e.Kind != train.Warning {
				steps = display.Task("train", int64(e.Total), progress.Count("steps"))
			}
			switch e.Kind {
			case train.Resumed:
				steps.Resume(int64(e.Step))
				display.Printf("resumed from %s", e.Path)
			case train.Stepped:
				steps.Note(fmt.Sprintf("loss %.4f  %.1f pairs/s", e.Loss, float64(e.Labels)/e.Seconds))
				steps.Set(int64(e.Step))
			case train.Evaluated:
				display.Printf("step %d: %s", e.Step, describeMetrics(e.Metrics, e.Best))
			case train.Saved:
				display.Printf("saved %s", e.Path)
			case train.Warning:
				display.Printf("warning: %s", e.Message)
			case train.Finished:
				steps.Done()
			}
		},
	})
	display.Close()
	if err != nil {
		return err
	}
	if result.AlreadyFinished {
		fmt.Fprintf(cmd.OutOrStdout(), "%s holds this run, finished after %d steps: nothing to do. Use --resume none to train anew.\n", c.OutputPath, result.Steps)
		return nil
	}
	fmt.Fprintf(cmd.OutOrStdout(), "trained %d steps in %s: loss %.4f; saved in %s\n", result.Steps,
		time.Duration(result.Seconds*float64(time.Second)).Round(time.Second), result.Loss, c.OutputPath)
	return nil
}
