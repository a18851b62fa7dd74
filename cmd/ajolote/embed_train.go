package main

import (
	"fmt"
	"strings"

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
	show := showTraining(display, func(r train.Record) string {
		return fmt.Sprintf("loss %.4f  %.1f rows/s", r.Loss, float64(r.Labels)/r.Seconds)
	})
	result, err := mroberta.Train(cmd.Context(), c, nil, mroberta.TrainOptions{
		Resume:  resume,
		Notice:  func(text string) { display.Printf("note: %s", text) },
		Loading: byteTask(display, "load"),
		Events: func(e train.Event) {
			e.Metrics = headline(e.Metrics)
			show(e)
		},
	})
	display.Close()
	if err != nil {
		return err
	}
	printTrained(cmd, result.Result, result.Seconds, c.OutputPath)
	return nil
}

// headline keeps the figures that people look at of the evaluator's fifteen for each direction.
func headline(metrics map[string]float64) map[string]float64 {
	kept := map[string]float64{}
	for key, value := range metrics {
		parts := strings.Split(key, "_")
		name := parts[len(parts)-1]
		all := len(parts) == 2 && (name == "recall@1" || name == "recall@10" || name == "ndcg@10" || name == "mrr@10")
		mean := (parts[0] == "monolingual" || parts[0] == "crosslingual") && name == "mrr@10"
		if all || mean {
			kept[key] = value
		}
	}
	return kept
}
