package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/progress"
	"github.com/ajolote-ai/ajolote/salamandra"
	"github.com/ajolote-ai/ajolote/train"
)

func newTrainCommand() *cobra.Command {
	var set []string
	var resume string
	var dryRun, dump bool
	var masks int
	var copies chooseCopies
	cmd := &cobra.Command{
		Use:   "train CONFIG.yml",
		Short: "Fine-tune a Llama model as an axolotl configuration says",
		Long: `Fine-tune a Llama model as an axolotl configuration says.

Killed at any moment and started again, it goes on from its newest checkpoint and ends with the same bytes.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, notices, err := salamandra.LoadConfig(args[0], set...)
			for _, n := range notices {
				fmt.Fprintln(cmd.ErrOrStderr(), "note:", n)
			}
			if err != nil {
				return err
			}
			switch {
			case dump:
				text, err := c.YAML()
				if err == nil {
					_, err = cmd.OutOrStdout().Write(text)
				}
				return err
			case dryRun || masks > 0:
				return rehearse(cmd, c, masks)
			}
			return fineTune(cmd, c, resume, copies)
		},
	}
	copies = copiesFlag(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&set, "set", nil, "override a key: --set learning_rate=1e-4")
	flags.StringVar(&resume, "resume", "", "auto (the newest checkpoint), none (begin anew), or the path of a checkpoint")
	flags.BoolVar(&dryRun, "dry-run", false, "check everything, tokenise, and say what training would take")
	flags.BoolVar(&dump, "dump-config", false, "print the effective configuration, every default included")
	flags.IntVar(&masks, "show-masks", 0, "print this many examples with the trained tokens marked")
	return cmd
}

func rehearse(cmd *cobra.Command, c *salamandra.Config, masks int) error {
	r, err := salamandra.Rehearse(cmd.Context(), c)
	if err != nil {
		return err
	}
	for _, n := range r.Data.Notices {
		fmt.Fprintln(cmd.ErrOrStderr(), "note:", n)
	}
	if masks > 0 {
		return salamandra.ShowMasks(cmd.OutOrStdout(), r.Tokenizer, r.Data.Train, masks)
	}
	_, err = fmt.Fprint(cmd.OutOrStdout(), r)
	return err
}

func fineTune(cmd *cobra.Command, c *salamandra.Config, resume string, copies chooseCopies) error {
	display := progress.New(cmd.ErrOrStderr(), progress.Auto)
	defer display.Close()
	var steps *progress.Task
	result, err := salamandra.FineTune(cmd.Context(), c, salamandra.FineTuneOptions{
		Resume:  resume,
		Copies:  copies(display.Printf),
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
				steps.Note(fmt.Sprintf("loss %.4f  %.0f tok/s", e.Loss, float64(e.Tokens)/e.Seconds))
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
		fmt.Fprintf(cmd.OutOrStdout(), "%s holds this run, finished after %d steps: nothing to do. Use --resume none to train anew.\n", c.OutputDir, result.Steps)
		return nil
	}
	fmt.Fprintf(cmd.OutOrStdout(), "trained %d steps in %s: loss %.4f; saved in %s\n", result.Steps,
		time.Duration(result.Seconds*float64(time.Second)).Round(time.Second), result.Loss, c.OutputDir)
	return nil
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
