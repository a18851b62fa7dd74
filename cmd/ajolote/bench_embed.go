package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/optim"
)

func newBenchEncodeCommand() *cobra.Command {
	var batch int
	var dtype string
	cmd := &cobra.Command{
		Use:   "encode MODEL TEXTS.json",
		Short: "Measure how many texts a second become vectors",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := os.ReadFile(args[1])
			if err != nil {
				return err
			}
			var texts []string
			if err := json.Unmarshal(data, &texts); err != nil {
				return fmt.Errorf("%s: %w", args[1], err)
			}
			compute, err := torch.ParseDType(dtype)
			if err != nil {
				return fmt.Errorf("--dtype: %w", err)
			}
			m, err := sbert.Load(cmd.Context(), args[0], bert.LoadOptions{Compute: compute})
			if err != nil {
				return err
			}
			defer m.Free()
			o := sbert.EncodeOptions{BatchSize: batch, Normalize: true}
			if _, err := m.Encode(cmd.Context(), texts[:min(batch, len(texts))], o); err != nil {
				return err
			}
			started := time.Now()
			v, err := m.Encode(cmd.Context(), texts, o)
			if err != nil {
				return err
			}
			seconds := time.Since(started).Seconds()
			return printBench(cmd, map[string]any{"workload": "encode", "texts_per_s": float64(len(texts)) / seconds, "dim": v.Dimensions, "dtype": dtype})
		},
	}
	cmd.Flags().IntVar(&batch, "batch", 64, "texts of ordinary length at once")
	cmd.Flags().StringVar(&dtype, "dtype", "float32", "type to compute in: float32 or bfloat16")
	return cmd
}

func newBenchMNRLStepCommand() *cobra.Command {
	var batch, steps, mini int
	cmd := &cobra.Command{
		Use:   "mnrl-step MODEL PAIRS.jsonl",
		Short: "Measure a training step of an encoder on pairs of token ids",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			columns, err := readPairIDs(args[1], batch*steps)
			if err != nil {
				return err
			}
			var times []float64
			err = torch.Run(func() error {
				encoder, err := bert.Load(cmd.Context(), args[0], bert.LoadOptions{})
				if err != nil {
					return err
				}
				encoder.Clock.Training = true
				m := &sbert.Model{Encoder: encoder, Pooling: sbert.Pooling{Modes: []string{"mean"}, IncludePrompt: true}}
				defer m.Free()
				for _, p := range m.Parameters() {
					p.SetRequiresGrad(true)
				}
				encoder.Words.Sparse = true
				words := optim.NewRowAdamW(optim.DefaultAdamW(), "words", encoder.Words.Weight, 0.01)
				adam := optim.Several{words, optim.NewAdamW(optim.DefaultAdamW(), optim.OneGroup(others(m.Parameters(), encoder.Words.Weight), 0.01))}
				defer adam.Free()
				stepper := sbert.Stepper{Model: m, Loss: sbert.MultipleNegativesRanking{}, MiniBatch: mini}
				for step := range steps {
					from, to := step*batch, (step+1)*batch
					encoder.Clock.Step = uint64(step)
					started := time.Now()
					texts := [][][]int32{columns[0][from:to], columns[1][from:to]}
					for _, ids := range slices.Concat(texts...) {
						words.CatchUp(ids)
					}
					if _, err := stepper.Step(cmd.Context(), texts, sbert.Targets{}); err != nil {
						return err
					}
					torch.ClipGradNorm(adam.Parameters(), 1)
					adam.Step(2e-5)
					torch.ZeroGrad(adam.Parameters())
					times = append(times, time.Since(started).Seconds())
				}
				return nil
			})
			if err != nil {
				return err
			}
			slices.Sort(times)
			median := (times[(steps-1)/2] + times[steps/2]) / 2
			return printBench(cmd, map[string]any{"workload": "mnrl_step", "seconds_per_step": median, "pairs_per_s": float64(batch) / median})
		},
	}
	cmd.Flags().IntVar(&batch, "batch", 32, "pairs of a step")
	cmd.Flags().IntVar(&steps, "steps", 2, "steps to measure")
	cmd.Flags().IntVar(&mini, "mini-batch", 0, "texts at once; 0 for all")
	return cmd
}

// others leaves one tensor out.
func others(parameters iter.Seq2[string, *torch.Tensor], without *torch.Tensor) iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for name, p := range parameters {
			if p != without && !yield(name, p) {
				return
			}
		}
	}
}

// readPairIDs reads n lines {"query": ids, "passage": ids}.
func readPairIDs(path string, n int) (columns [2][][]int32, err error) {
	f, err := os.Open(path)
	if err != nil {
		return columns, err
	}
	defer f.Close()
	d := json.NewDecoder(bufio.NewReader(f))
	for i := range n {
		var row struct{ Query, Passage []int32 }
		if err := d.Decode(&row); err != nil {
			return columns, fmt.Errorf("%s: pair %d of the %d that are needed: %w", path, i+1, n, err)
		}
		columns[0], columns[1] = append(columns[0], row.Query), append(columns[1], row.Passage)
	}
	return columns, nil
}

// printBench prints a line of JSON with the most memory that the process has held.
func printBench(cmd *cobra.Command, line map[string]any) error {
	_, peak, err := torch.Memory()
	if err != nil {
		return err
	}
	line["peak_gib"] = float64(peak) / (1 << 30)
	return json.NewEncoder(cmd.OutOrStdout()).Encode(line)
}
