package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/salamandra"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/optim"
)

// StepOptions say what [QLoRAStep] measures.
type StepOptions struct {
	Model, Tokens string // a model directory; lines {"input_ids", "labels"}
	Batch, Steps  int
	Compute       torch.DType // of the matrix products
	NoSharing     bool
	Recompute     bool
}

// StepResult is what optimizer steps took.
type StepResult struct {
	Workload       string    `json:"workload"`
	DType          string    `json:"dtype"`
	KernelLevel    string    `json:"kernel_level"`
	Threads        int       `json:"threads"`
	SecondsPerStep float64   `json:"seconds_per_step"` // median
	ExamplesPerS   float64   `json:"examples_per_s"`
	TokensPerS     float64   `json:"tokens_per_s"` // of the examples as they stand, shared prefix in each
	Losses         []float64 `json:"losses"`
	PeakGiB        float64   `json:"peak_gib"` // resident memory of the process
}

// QLoRAStep measures whole optimizer steps: forward, backward, clipping excepted, AdamW.
func QLoRAStep(ctx context.Context, o StepOptions) (r StepResult, err error) {
	if o.Batch < 1 || o.Steps < 1 {
		return r, fmt.Errorf("a benchmark of %d steps of %d examples: both must be positive", o.Steps, o.Batch)
	}
	rows, err := readTokenized(o.Tokens, o.Batch*o.Steps)
	if err != nil {
		return r, err
	}
	return measureSteps(ctx, o, rows)
}

func measureSteps(ctx context.Context, o StepOptions, rows []salamandra.Tokenized) (r StepResult, err error) {
	m, err := llama.Load(ctx, o.Model, llama.LoadOptions{Load4Bit: true, DoubleQuant: true})
	if err != nil {
		return r, err
	}
	defer m.Free()
	if o.Compute == torch.BFloat16 {
		m.MultiplyIn(o.Compute)
	}
	config := lora.Config{R: 16, Alpha: 32, TargetModules: lora.Targets{Names: []string{"q_proj", "k_proj", "v_proj", "o_proj"}}}
	a, err := lora.Attach(m, config, &m.Clock, torch.NewGenerator(0))
	if err != nil {
		return r, err
	}
	defer a.Free()
	stepper := salamandra.Stepper{Trainer: &llama.Trainer{Model: m, Recompute: o.Recompute}, SharePrefix: !o.NoSharing}
	var times []float64
	tokens := 0
	err = torch.Run(func() error {
		adam := optim.NewAdamW(optim.DefaultAdamW(), optim.OneGroup(a.Parameters(), 0.01))
		defer adam.Free()
		for step := range o.Steps {
			batch := rows[step*o.Batch : (step+1)*o.Batch]
			tokens = 0
			for _, e := range batch {
				tokens += len(e.IDs)
			}
			started := time.Now()
			result, err := stepper.Step(ctx, batch)
			if err != nil {
				return err
			}
			adam.Step(2e-4)
			torch.ZeroGrad(adam.Parameters())
			times = append(times, time.Since(started).Seconds())
			r.Losses = append(r.Losses, result.Loss)
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	r.SecondsPerStep = median(times)
	r.Workload, r.DType = "qlora_step", o.Compute.String()
	r.ExamplesPerS, r.TokensPerS = float64(o.Batch)/r.SecondsPerStep, float64(tokens)/r.SecondsPerStep
	runtime, err := torch.Describe()
	if err != nil {
		return r, err
	}
	r.KernelLevel, r.Threads = runtime.KernelLevel, runtime.Threads
	r.PeakGiB, err = peakGiB()
	return r, err
}

// readTokenized reads the first n rows of a file of ids and labels.
func readTokenized(path string, n int) ([]salamandra.Tokenized, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var rows []salamandra.Tokenized
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() && len(rows) < n {
		var row struct {
			IDs    []int32 `json:"input_ids"`
			Labels []int32 `json:"labels"`
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, len(rows)+1, err)
		}
		if len(row.IDs) != len(row.Labels) {
			return nil, fmt.Errorf("%s: line %d: %d ids and %d labels", path, len(rows)+1, len(row.IDs), len(row.Labels))
		}
		rows = append(rows, salamandra.Tokenized{ID: fmt.Sprint(len(rows) + 1), IDs: row.IDs, Labels: row.Labels})
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(rows) < n {
		return nil, fmt.Errorf("%s has %d rows, the steps need %d", path, len(rows), n)
	}
	return rows, nil
}
