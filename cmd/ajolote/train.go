package main

import (
	"fmt"

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
	result, err := salamandra.FineTune(cmd.Context(), c, salamandra.FineTuneOptions{
		Resume:     resume,
		Copies:     copies(display.Printf),
		Notice:     func(text string) { display.Printf("note: %s", text) },
		Tokenising: countTask(display, "examples"),
		Loading:    byteTask(display, "load"),
		Events: showTraining(display, func(r train.Record) string {
			return fmt.Sprintf("loss %.4f  %.0f tok/s", r.Loss, float64(r.Tokens)/r.Seconds)
		}),
	})
	display.Close()
	if err != nil {
		return err
	}
	printTrained(cmd, result.Result, result.Seconds, c.OutputDir)
	return nil
}

// countTask draws a bar for each name, of things that are counted.
func countTask(display *progress.Display, things string) func(name string, done, total int) {
	var task *progress.Task
	return func(name string, done, total int) {
		if task == nil {
			task = display.Task(name, int64(total), progress.Count(things))
		}
		if task.Set(int64(done)); done == total {
			task.Done()
			task = nil
		}
	}
}
