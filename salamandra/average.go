package salamandra

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ajolote-ai/ajolote/internal/atomicfile"
	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

// AverageOptions say which checkpoints are averaged, and how.
type AverageOptions struct {
	ModelDir string // folder with the checkpoint-N folders
	Output   string // folder to write; one that exists is replaced only with Force
	Last     int    // how many of them, counted from the end; 0 for all
	// Products averages what the adapters add to the weights, the products BA, by laying their ranks side by side: exact, and
	// Last times the rank. Without it A and B are averaged each by itself, as the reference does, which is not the same.
	Products bool
	Force    bool
}

// AverageResult is what an average has made.
type AverageResult struct {
	Checkpoints []string // folders, in rising order
	Tensors     int      // written
	Warning     string   // what the average is not; "" for nothing
}

// The files that hold the weights of a checkpoint.
const (
	adapterWeights = "adapter_model.safetensors"
	modelWeights   = "model.safetensors"
)

// Average makes one adapter, or with full fine-tuning one model, of the last checkpoints of a run. The files beside the weights
// are those of the first checkpoint. Tensors are summed in float32 and rounded once to the type of the files.
func Average(ctx context.Context, o AverageOptions) (result AverageResult, err error) {
	err = torch.Run(func() error {
		result, err = averageCheckpoints(ctx, o)
		return err
	})
	return result, err
}

func averageCheckpoints(ctx context.Context, o AverageOptions) (result AverageResult, err error) {
	if result.Checkpoints, err = lastCheckpoints(o.ModelDir, o.Last); err != nil {
		return result, err
	}
	if exists(o.Output) && !o.Force {
		return result, fmt.Errorf("average: output path %s exists already: choose another, or force (--force) replacing it", o.Output)
	}
	first := result.Checkpoints[0]
	average := averageTensors
	name := modelWeights
	if exists(filepath.Join(first, adapterWeights)) {
		name = adapterWeights
		c, err := lora.ReadConfig(first)
		switch {
		case err != nil:
			return result, fmt.Errorf("average: %w", err)
		case o.Products && c.UseDoRA:
			return result, errors.New("average: the products of DoRA adapters cannot be averaged: their lengths belong to one product each")
		case o.Products:
			average = joinRanks
		case len(result.Checkpoints) > 1:
			result.Warning = "A and B are averaged each by itself, which is not the average of what the adapters add to the weights; products does that"
		}
	} else if o.Products {
		return result, fmt.Errorf("average: %s holds no adapter, so there are no products", first)
	}
	err = atomicfile.WriteDir(o.Output, func(dir string) error {
		beside := append([]string{"adapter_config.json", "README.md", "config.json", "generation_config.json", PromptFile}, tokenizerFiles...)
		if err := copyFiles(dir, first, beside...); err != nil {
			return err
		}
		result.Tensors, err = average(ctx, dir, name, result.Checkpoints)
		return err
	})
	if err != nil {
		return result, fmt.Errorf("average: %w", err)
	}
	return result, nil
}

// lastCheckpoints lists the last n checkpoint-N folders by their numbers.
func lastCheckpoints(dir string, n int) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("average: %w", err)
	}
	var steps []int
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), "checkpoint-") || strings.HasSuffix(e.Name(), atomicfile.PartialSuffix) {
			continue
		}
		step, err := strconv.Atoi(strings.TrimPrefix(e.Name(), "checkpoint-"))
		if err != nil {
			return nil, fmt.Errorf("average: %s: what follows checkpoint- is no number", filepath.Join(dir, e.Name()))
		}
		steps = append(steps, step)
	}
	if len(steps) == 0 || len(steps) < n {
		return nil, fmt.Errorf("average: %s has %d checkpoints, %d are wanted", dir, len(steps), max(n, 1))
	}
	if n < 0 {
		return nil, fmt.Errorf("average: %d checkpoints: give a number, or 0 for all", n)
	}
	slices.Sort(steps)
	if n > 0 {
		steps = steps[len(steps)-n:]
	}
	paths := make([]string, len(steps))
	for i, step := range steps {
		paths[i] = filepath.Join(dir, fmt.Sprintf("checkpoint-%d", step))
	}
	return paths, nil
}

// openAll opens the weights of every checkpoint. close is never nil.
func openAll(name string, checkpoints []string) (all []*safetensors.Weights, closeAll func(), err error) {
	closeAll = func() {
		for _, w := range all {
			_ = w.Close()
		}
	}
	for _, dir := range checkpoints {
		w, err := safetensors.Open(filepath.Join(dir, name))
		if err != nil {
			return all, closeAll, err
		}
		all = append(all, w)
	}
	return all, closeAll, nil
}

// averageTensors writes the mean of every tensor of the first checkpoint, one at a time.
func averageTensors(ctx context.Context, dir, name string, checkpoints []string) (int, error) {
	all, closeAll, err := openAll(name, checkpoints)
	defer closeAll()
	if err != nil {
		return 0, err
	}
	var specs []safetensors.Spec
	for _, t := range all[0].Tensors() {
		specs = append(specs, safetensors.Spec{Name: t.Name, DType: t.DType, Shape: t.Shape})
	}
	safetensors.SortAsPython(specs)
	w, err := safetensors.Create(filepath.Join(dir, name), specs, map[string]string{"format": "pt"})
	if err != nil {
		return 0, err
	}
	defer w.Abort()
	for _, spec := range specs {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		s := torch.NewScope("average")
		sum, err := sumOf(s, spec, all, checkpoints)
		if err == nil {
			dtype, _ := tensorfile.DType(spec.DType)
			err = w.Write(spec.Name, sum.MulScalar(1/float64(len(all))).To(dtype).Contiguous().Bytes())
		}
		s.Close()
		if err != nil {
			return 0, err
		}
	}
	return len(specs), w.Commit()
}

func sumOf(s *torch.Scope, spec safetensors.Spec, all []*safetensors.Weights, checkpoints []string) (sum *torch.Tensor, err error) {
	for i, w := range all {
		t, err := sameTensor(s, w, spec, checkpoints[i])
		if err != nil {
			return nil, err
		}
		if sum == nil {
			sum = t
		} else {
			sum = sum.Add(t)
		}
	}
	return sum, nil
}

// sameTensor reads the tensor that spec describes, in float32.
func sameTensor(s *torch.Scope, w *safetensors.Weights, spec safetensors.Spec, checkpoint string) (*torch.Tensor, error) {
	source := w.Tensor(spec.Name)
	if source == nil || !slices.Equal(source.Shape, spec.Shape) {
		return nil, fmt.Errorf("%s: tensor %s is missing or not of shape %d: the checkpoints are of different runs", checkpoint, spec.Name, spec.Shape)
	}
	t, err := tensorfile.Read(s, source)
	if err != nil {
		return nil, err
	}
	return t.To(torch.Float32), nil
}

// joinRanks writes the adapter whose product is the mean of the products: the A's one below the other, the B's side by side and
// divided by their number, alpha such that the scale stays.
func joinRanks(ctx context.Context, dir, name string, checkpoints []string) (int, error) {
	all, closeAll, err := openAll(name, checkpoints)
	defer closeAll()
	if err != nil {
		return 0, err
	}
	n := len(all)
	s := torch.NewScope("average")
	defer s.Close()
	joined := map[string]*torch.Tensor{}
	for _, t := range all[0].Tensors() {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		spec := safetensors.Spec{Name: t.Name, DType: t.DType, Shape: t.Shape}
		var parts []*torch.Tensor
		for i, w := range all {
			part, err := sameTensor(s, w, spec, checkpoints[i])
			if err != nil {
				return 0, err
			}
			parts = append(parts, part)
		}
		dtype, err := tensorfile.DType(t.DType)
		if err != nil {
			return 0, err
		}
		var sum *torch.Tensor
		switch mean := 1 / float64(n); {
		case strings.HasSuffix(t.Name, ".lora_A.weight"):
			sum = torch.Cat(0, parts...)
		case strings.HasSuffix(t.Name, ".lora_B.weight"):
			sum = torch.Cat(1, parts...).MulScalar(mean)
		default: // trained in full
			sum = torch.Stack(0, parts...).Sum(0).MulScalar(mean)
		}
		joined[t.Name] = sum.To(dtype).Contiguous()
	}
	c, err := lora.ReadConfig(checkpoints[0])
	if err != nil {
		return 0, err
	}
	text, err := widened(c, n).JSON()
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(filepath.Join(dir, "adapter_config.json"), text, 0o644); err != nil {
		return 0, err
	}
	return len(joined), tensorfile.Save(filepath.Join(dir, name), func(yield func(string, *torch.Tensor) bool) {
		for _, t := range all[0].Tensors() {
			if !yield(t.Name, joined[t.Name]) {
				return
			}
		}
	})
}

// widened is the configuration of n times the rank and the same scale: alpha/r, or with rsLoRA alpha/√r.
func widened(c lora.Config, n int) lora.Config {
	factor := float64(n)
	if c.UseRSLoRA {
		factor = math.Sqrt(factor)
	}
	c.R *= n
	c.Alpha *= factor
	ranks, alphas := map[string]int{}, map[string]float64{}
	for key, r := range c.RankPattern {
		ranks[key] = r * n
	}
	for key, alpha := range c.AlphaPattern {
		alphas[key] = alpha * factor
	}
	c.RankPattern, c.AlphaPattern = ranks, alphas
	return c
}

// averageLast does what average_checkpoints asks for at the end of a run: into averaged_model, as the reference.
func (c *Config) averageLast(ctx context.Context, o FineTuneOptions) error {
	output := filepath.Join(c.OutputDir, "averaged_model")
	if c.AverageCheckpoints == 0 || exists(output) && c.resume(o) != "none" {
		return nil
	}
	if list, err := lastCheckpoints(c.OutputDir, 0); err != nil || len(list) < c.AverageCheckpoints {
		o.say(fmt.Sprintf("average_checkpoints: there are %d checkpoints, not %d: nothing is averaged", len(list), c.AverageCheckpoints))
		return nil
	}
	r, err := Average(ctx, AverageOptions{ModelDir: c.OutputDir, Output: output, Last: c.AverageCheckpoints, Force: true})
	if r.Warning != "" && err == nil {
		o.say(output + ": " + r.Warning)
	}
	return err
}
