package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/optim"
)

// MNRLOptions say what [MNRLStep] measures.
type MNRLOptions struct {
	Model, Pairs string // a directory with an encoder; lines {"query": ids, "passage": ids}
	Batch, Steps int    // pairs of a step; steps to measure
	MiniBatch    int    // texts at once; 0 for all
}

// MNRLResult is what steps of contrastive training took.
type MNRLResult struct {
	PairsPerS      float64 `json:"pairs_per_s"`
	PeakGiB        float64 `json:"peak_gib"`
	SecondsPerStep float64 `json:"seconds_per_step"` // median
	Workload       string  `json:"workload"`         // "mnrl_step"
}

// MNRLStep measures whole steps of an encoder with mean pooling and the multiple-negatives ranking loss: forward and backward
// with the model's dropout, clipping, and AdamW, whose part on the word embeddings is row-sparse.
func MNRLStep(ctx context.Context, o MNRLOptions) (MNRLResult, error) {
	r := MNRLResult{Workload: "mnrl_step"}
	if o.Batch < 1 || o.Steps < 1 {
		return r, fmt.Errorf("a benchmark of %d steps of %d pairs: both must be positive", o.Steps, o.Batch)
	}
	columns, err := readPairs(o.Pairs, o.Batch*o.Steps)
	if err != nil {
		return r, err
	}
	var times []float64
	err = torch.Run(func() error {
		encoder, err := bert.Load(ctx, o.Model, bert.LoadOptions{})
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
		adam := optim.Several{words, optim.NewAdamW(optim.DefaultAdamW(), optim.OneGroup(optim.Without(m.Parameters(), encoder.Words.Weight), 0.01))}
		defer adam.Free()
		stepper := sbert.Stepper{Model: m, Loss: sbert.MultipleNegativesRanking{}, MiniBatch: o.MiniBatch}
		for step := range o.Steps {
			from, to := step*o.Batch, (step+1)*o.Batch
			encoder.Clock.Step = uint64(step)
			started := time.Now()
			texts := [][][]int32{columns[0][from:to], columns[1][from:to]}
			for _, ids := range slices.Concat(texts...) {
				words.CatchUp(ids)
			}
			if _, err := stepper.Step(ctx, texts, sbert.Targets{}); err != nil {
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
		return r, err
	}
	r.SecondsPerStep = median(times)
	r.PairsPerS = float64(o.Batch) / r.SecondsPerStep
	r.PeakGiB, err = peakGiB()
	return r, err
}

// readPairs reads the first n pairs of a file.
func readPairs(path string, n int) (columns [2][][]int32, err error) {
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
