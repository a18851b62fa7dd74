package salamandra

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// checkMerge checks that merging gives the logits of base and adapter.
func checkMerge(t *testing.T, c *Config, onto string, tolerance float64) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "merged")
	r, err := Merge(context.Background(), MergeOptions{Adapter: c.OutputDir, Output: out, DType: "float32", Onto: onto, Verify: true})
	require.NoError(t, err)
	v := r.Verification
	require.Greater(t, v.Tokens, 30)
	require.Less(t, v.Difference, tolerance*v.Largest)
	require.Equal(t, v.Tokens, v.Agree)
}

func TestMergedLogitsAreThoseOfBaseAndAdapter(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	for _, set := range [][]string{
		{}, {"peft_use_rslora=true"}, // and, over a base that ties its head:
		{"lora_modules_to_save=[embed_tokens, lm_head, norm]"}, {"lora_modules_to_save=[lm_head]"}, {"lora_modules_to_save=[embed_tokens]"},
	} {
		c := tinyConfig(t, set...)
		fineTune(t, c)
		checkMerge(t, c, "16bit", 1e-5)
	}
	c := tinyConfig(t, "load_in_4bit=true", "merge_method=memory_efficient")
	fineTune(t, c)
	checkMerge(t, c, "", 1e-5) // merge_method of the run: onto NF4
}

func TestADoRAAdapterMergesIntoAnNF4Base(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	dense, nf4, adapter := tinyModel, filepath.Join(t.TempDir(), "nf4"), t.TempDir()
	err := Quantize(context.Background(), QuantizeOptions{Model: dense, Output: nf4})
	require.NoError(t, err)
	for _, base := range []string{dense, nf4} {
		m, err := llama.Load(context.Background(), base, llama.LoadOptions{})
		require.NoError(t, err)
		g := torch.NewGenerator(3)
		a, err := lora.Attach(m, lora.Config{BaseModel: base, TaskType: "CAUSAL_LM", R: 4, Alpha: 8, Init: "false", UseDoRA: true,
			TargetModules: lora.Targets{Names: []string{"q_proj", "up_proj"}}}, &m.Clock, g)
		require.NoError(t, err)
		for name, p := range a.Parameters() { // lengths that are not those of the weights
			if strings.HasSuffix(name, "magnitude_vector") {
				torch.NoGrad(func() { g.Uniform(p, 0.5, 1.5) })
			}
		}
		require.NoError(t, a.Save(adapter))
		a.Free()
		m.Free()
		r, err := Merge(context.Background(), MergeOptions{Adapter: adapter, Output: filepath.Join(t.TempDir(), "merged"), DType: "float32", Verify: true})
		require.NoError(t, err)
		require.Less(t, r.Verification.Difference, 1e-5*r.Verification.Largest)
	}
}

func TestAnInterruptedMergeLeavesNothingThatLoads(t *testing.T) {
	torchtest.Need(t)
	c := tinyConfig(t)
	fineTune(t, c)
	parent := t.TempDir()
	out := filepath.Join(parent, "merged")
	for _, exists := range []bool{false, true} {
		ctx, cancel := context.WithCancel(context.Background())
		_, err := Merge(ctx, MergeOptions{Adapter: c.OutputDir, Output: out, Force: exists, Progress: func(done, total int64) {
			if done > total/2 {
				cancel()
			}
		}})
		require.ErrorIs(t, err, context.Canceled)
		_, err = llama.Load(context.Background(), out, llama.LoadOptions{})
		require.Error(t, err)
		left, err := os.ReadDir(parent)
		require.NoError(t, err)
		if !exists {
			require.Empty(t, left)
			_, err = Merge(context.Background(), MergeOptions{Adapter: c.OutputDir, Output: out})
			require.NoError(t, err)
		}
	}
}

func TestAveragingProductsIsExactAndAveragingFactorsSaysThatItIsNot(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	for _, set := range [][]string{{}, {"peft_use_rslora=true", "lora_rank_pattern={q_proj: 2}", "lora_alpha_pattern={q_proj: 3}"}} {
		c := tinyConfig(t, append(set, "save_steps=2")...)
		fineTune(t, c)
		for _, products := range []bool{true, false} {
			out := filepath.Join(t.TempDir(), "average")
			r, err := Average(context.Background(), AverageOptions{ModelDir: c.OutputDir, Output: out, Last: 3, Products: products})
			require.NoError(t, err)
			require.Len(t, r.Checkpoints, 3)
			require.Equal(t, products, r.Warning == "")
			if products {
				requireMeanProducts(t, out, r.Checkpoints)
			} else {
				requireMeanTensors(t, out, r.Checkpoints)
			}
		}
	}
}

func requireMeanProducts(t *testing.T, average string, checkpoints []string) {
	t.Helper()
	delta := func(s *torch.Scope, dir, module string) *torch.Tensor {
		a, err := lora.Open(dir)
		require.NoError(t, err)
		defer a.Close()
		out, in, ok := a.Adapts(module)
		require.True(t, ok)
		return a.Merge(module, torch.Zeros(s, torch.Float32CPU, out, in), 0)
	}
	stored, err := lora.Open(average)
	require.NoError(t, err)
	modules := stored.Modules
	stored.Close()
	s := torch.NewScope("test")
	defer s.Close()
	for _, module := range modules {
		sum := delta(s, checkpoints[0], module)
		for _, dir := range checkpoints[1:] {
			sum = sum.Add(delta(s, dir, module))
		}
		torchtest.Close(t, sum.MulScalar(1/float64(len(checkpoints))).Floats(), delta(s, average, module).Floats(), 1e-5, module)
	}
}

func requireMeanTensors(t *testing.T, average string, checkpoints []string) {
	t.Helper()
	s := torch.NewScope("test")
	defer s.Close()
	read := func(dir string) map[string][]float32 {
		w, err := safetensors.Open(filepath.Join(dir, adapterWeights))
		require.NoError(t, err)
		defer w.Close()
		all := map[string][]float32{}
		for _, source := range w.Tensors() {
			tensor, err := tensorfile.Read(s, source)
			require.NoError(t, err)
			all[source.Name] = tensor.Floats()
		}
		return all
	}
	got := read(average)
	for name, values := range got {
		for i, v := range values {
			sum := 0.0
			for _, dir := range checkpoints {
				sum += float64(read(dir)[name][i])
			}
			if i == 8 { // the files are read anew each time
				break
			}
			require.Less(t, math.Abs(sum/float64(len(checkpoints))-float64(v)), 1e-6, name)
		}
	}
}

func TestAverageCheckpointsWritesTheAveragedModel(t *testing.T) {
	torchtest.Need(t)
	c := tinyConfig(t, "save_steps=2", "average_checkpoints=2")
	fineTune(t, c)
	_, err := lora.Open(filepath.Join(c.OutputDir, "averaged_model"))
	require.NoError(t, err)
}
