package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/salamandra"
	"github.com/ajolote-ai/ajolote/torch"
)

// This file: what a step of QLoRA costs as one thing after another grows, so that the cost of a model that does not fit this
// machine, or this afternoon, can be foretold.

// ScalingPoint is a model and a step on it.
type ScalingPoint struct {
	Varied  string  `json:"varied"` // the field that is not as in the first point
	Hidden  int     `json:"hidden"`
	Layers  int     `json:"layers"`
	Words   int     `json:"words"` // of the vocabulary
	Prompt  int     `json:"prompt"`
	Batch   int     `json:"batch"`
	Seconds float64 `json:"seconds_per_step"`
	// Operations of a step in 10¹², as the time of --dry-run counts them; GFLOPS is the rate at which they were made.
	TeraOperations float64 `json:"tera_operations"`
	GFLOPS         float64 `json:"gflops"`
	PeakGiB        float64 `json:"peak_gib"` // of the process so far
}

// scalingPoints are the points to measure: a step of 4 examples behind a prompt of 512 tokens on 4 layers of 1024, and what
// differs from it in one thing.
func scalingPoints() []ScalingPoint {
	first := ScalingPoint{Varied: "nothing", Hidden: 1024, Layers: 4, Words: 32000, Prompt: 512, Batch: 4}
	points := []ScalingPoint{first}
	vary := func(name string, values []int, field func(p *ScalingPoint) *int) {
		for _, v := range values {
			p := first
			p.Varied, *field(&p) = name, v
			points = append(points, p)
		}
	}
	vary("prompt", []int{1024, 2048, 4096}, func(p *ScalingPoint) *int { return &p.Prompt })
	vary("batch", []int{8, 16, 32}, func(p *ScalingPoint) *int { return &p.Batch })
	vary("vocabulary", []int{8000, 128000, 256000}, func(p *ScalingPoint) *int { return &p.Words })
	vary("layers", []int{2, 8, 16}, func(p *ScalingPoint) *int { return &p.Layers })
	vary("width", []int{512, 2048}, func(p *ScalingPoint) *int { return &p.Hidden })
	return points
}

// Scaling measures steps on models of random weights, which it writes into a folder of its own below dir and removes again,
// and tells each point as it is done. compute is the type of the matrix products.
func Scaling(ctx context.Context, dir string, compute torch.DType, tell func(ScalingPoint) error) error {
	folder, err := os.MkdirTemp(dir, "ajolote-scaling-")
	if err != nil {
		return fmt.Errorf("%w", err)
	}
	defer os.RemoveAll(folder)
	for i, p := range scalingPoints() {
		if err := p.measure(ctx, filepath.Join(folder, fmt.Sprint(i)), compute); err != nil {
			return fmt.Errorf("scaling: %s: %w", p.Varied, err)
		}
		if err := tell(p); err != nil {
			return err
		}
	}
	return nil
}

func (p *ScalingPoint) measure(ctx context.Context, dir string, compute torch.DType) error {
	defer os.RemoveAll(dir)
	config, err := json.Marshal(map[string]any{
		"architectures": []string{"LlamaForCausalLM"}, "model_type": "llama", "vocab_size": p.Words, "hidden_size": p.Hidden, "intermediate_size": p.Hidden * 11 / 4,
		"num_hidden_layers": p.Layers, "num_attention_heads": p.Hidden / 64, "num_key_value_heads": p.Hidden / 256, "max_position_embeddings": 8192,
		"rms_norm_eps": 1e-5, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
	})
	if err != nil {
		return err
	}
	shape, err := llama.ParseConfig(config)
	if err != nil {
		return err
	}
	if err := llama.WriteRandom(ctx, dir, config, llama.RandomOptions{NF4: true, Seed: 1}); err != nil {
		return err
	}
	const steps = 3
	rows := p.examples(steps)
	r, err := measureSteps(ctx, StepOptions{Model: dir, Batch: p.Batch, Steps: steps, Compute: compute}, rows)
	if err != nil {
		return err
	}
	stepper := salamandra.Stepper{SharePrefix: true}
	layers, others := shape.Operations(stepper.Work(rows[:p.Batch]), false, false)
	operations := layers + others
	p.Seconds, p.PeakGiB, p.TeraOperations, p.GFLOPS = r.SecondsPerStep, r.PeakGiB, operations/1e12, operations/1e9/r.SecondsPerStep
	return nil
}

// examples are like the query parser's: the prompt, a question of 40 tokens, an answer of 160, which alone is trained on.
func (p *ScalingPoint) examples(steps int) []salamandra.Tokenized {
	dice := rand.New(rand.NewPCG(1, 1))
	text := func(n int) (ids []int32) {
		for range n {
			ids = append(ids, int32(dice.IntN(p.Words)))
		}
		return ids
	}
	prompt := text(p.Prompt)
	rows := make([]salamandra.Tokenized, p.Batch*steps)
	for i := range rows {
		r := salamandra.Tokenized{ID: fmt.Sprint(i + 1), IDs: append(append([]int32(nil), prompt...), text(200)...)}
		for j, id := range r.IDs {
			if j < p.Prompt+40 {
				id = salamandra.Ignore
			}
			r.Labels = append(r.Labels, id)
		}
		rows[i] = r
	}
	return rows
}
