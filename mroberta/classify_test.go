package mroberta_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/mroberta"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/optim"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
	"github.com/ajolote-ai/ajolote/train"
)

// classifyRun is a small training of a classifier: the label of a text is the first of three words that it has.
func classifyRun(t *testing.T) *mroberta.ClassifyConfig {
	t.Helper()
	dir := t.TempDir()
	words := strings.Fields("energia salut clima aigua recerca universitat")
	write := func(name string, from, to int) string {
		rows := "id,text,label\n"
		for i := from; i < to; i++ {
			rows += fmt.Sprintf("%d,%s %s %s,%s\n", i, words[3+i%3], words[i*7%3], words[3+i/3%3], words[i*7%3])
		}
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(rows+"x,,salut\n"), 0o644))
		return path
	}
	c := mroberta.DefaultClassifyConfig()
	c.BaseModel, c.OutputPath = model, filepath.Join(dir, "out")
	c.TrainData.Path, c.EvalPath = write("train.csv", 0, 60), write("test.csv", 60, 90)
	c.BatchSize, c.NumEpochs, c.LearningRate, c.WarmupSteps, c.LoadBest = 8, 12, 5e-3, 2, true
	return c
}

func TestAClassifierLearnsAndIsTheSameWhenBrokenOffAndResumed(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	plain, broken := classifyRun(t), classifyRun(t)
	var notices []string
	result, err := mroberta.TrainClassifier(context.Background(), plain, mroberta.TrainOptions{Notice: func(s string) { notices = append(notices, s) }})
	require.NoError(t, err)
	require.Equal(t, []string{"1 rows without a text are left out"}, notices)
	require.Equal(t, 96, result.Steps)
	require.Greater(t, result.BestMetric, 0.95)
	for _, stop := range []int{5, 30, 70} {
		ctx, cancel := context.WithCancel(context.Background())
		_, err = mroberta.TrainClassifier(ctx, broken, mroberta.TrainOptions{Events: func(e train.Event) {
			if e.Kind == train.Stepped && e.Step >= stop {
				cancel()
			}
		}})
		require.ErrorIs(t, err, context.Canceled)
	}
	_, err = mroberta.TrainClassifier(context.Background(), broken, mroberta.TrainOptions{})
	require.NoError(t, err)
	for _, name := range []string{"model.safetensors", "config.json"} {
		want, err := os.ReadFile(filepath.Join(plain.OutputPath, name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(broken.OutputPath, name))
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}

	c, err := mroberta.LoadClassifier(context.Background(), plain.OutputPath, nil)
	require.NoError(t, err)
	defer c.Free()
	require.Equal(t, []string{"clima", "energia", "salut"}, c.Labels)
	test, err := mroberta.ReadLabelled(mroberta.LabelledData{Path: plain.EvalPath, Text: "text", Label: "label"})
	require.NoError(t, err)
	e, err := mroberta.EvaluateClassifier(context.Background(), c, test, nil)
	require.NoError(t, err)
	require.InDelta(t, result.BestMetric, e.MacroF1, 1e-9)
	predictions, err := c.Predict(context.Background(), []string{"", strings.Repeat("salut ", 1<<17), "aigua energia"}, nil)
	require.NoError(t, err)
	require.Equal(t, "energia", predictions[2].Label)
	for _, p := range predictions {
		require.InDelta(t, 1, p.All[0]+p.All[1]+p.All[2], 1e-5)
	}
}

// The reference is the plain loop with the dense optimizer.
func TestAClassifiersWordTableByRowsEndsWhereTheDenseOptimizerDoes(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	c := classifyRun(t)
	none := 0.0
	c.Dropout, c.Shuffle, c.LoadBest, c.EvalPath, c.NumEpochs, c.WarmupSteps, c.LRScheduler = &none, false, false, "", 4, 0, "constant"
	// A word that one text alone has: its row rests for seven of eight steps.
	text, err := os.ReadFile(c.TrainData.Path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(c.TrainData.Path, append(text, "y,centre clima,clima\n"...), 0o644))
	_, err = mroberta.TrainClassifier(context.Background(), c, mroberta.TrainOptions{})
	require.NoError(t, err)
	trained, err := mroberta.LoadClassifier(context.Background(), c.OutputPath, nil)
	require.NoError(t, err)
	defer trained.Free()

	data, err := mroberta.ReadLabelled(c.TrainData)
	require.NoError(t, err)
	ids, err := trained.Texts.Tokenize(data.Columns[0])
	require.NoError(t, err)
	encoder, err := bert.Load(context.Background(), model, bert.LoadOptions{})
	require.NoError(t, err)
	dense := bert.NewClassifier(encoder, trained.Labels, uint64(c.Seed))
	defer dense.Free()
	require.NoError(t, torch.Run(func() error {
		for _, p := range dense.Parameters() {
			p.SetRequiresGrad(true)
		}
		adam := optim.NewAdamW(optim.DefaultAdamW(), optim.GroupsByDecay(dense.Parameters(), c.WeightDecay)...)
		defer adam.Free()
		for step := range 4 * 8 {
			from := step % 8 * c.BatchSize
			to := min(from+c.BatchSize, len(ids))
			s := torch.NewScope("step")
			var targets []int64
			for _, label := range data.Labels[from:to] {
				targets = append(targets, int64(slices.Index(trained.Labels, label)))
			}
			dense.Forward(s, bert.Join(ids[from:to]...)).CrossEntropy(torch.FromSlice(s, targets, len(targets)), -100).Backward()
			torch.ClipGradNorm(adam.Parameters(), c.MaxGradNorm)
			adam.Step(c.LearningRate)
			torch.ZeroGrad(adam.Parameters())
			s.Close()
		}
		return nil
	}))
	want := map[string][]float32{}
	for name, p := range dense.Parameters() {
		want[name] = p.Floats()
	}
	for name, p := range trained.Parameters() {
		if strings.HasSuffix(name, "key.bias") {
			continue // attention does not depend on it: its gradient is rounding, which AdamW makes large
		}
		tolerance := 5e-6 // sums of gradients in another order, through 32 steps
		if strings.HasSuffix(name, "word_embeddings.weight") {
			tolerance = 1e-6
		}
		torchtest.Close(t, want[name], p.Floats(), tolerance, name)
	}
}

func TestAClassifiersFaultsAreSaid(t *testing.T) {
	c := mroberta.DefaultClassifyConfig()
	c.BatchSize, c.LoadBest = 0, true
	_, err := mroberta.TrainClassifier(context.Background(), c, mroberta.TrainOptions{})
	for _, fault := range []string{"base_model", "train_data.path", "output_path", "batch_size", "load_best_model_at_end"} {
		require.ErrorContains(t, err, fault)
	}
	c = classifyRun(t)
	require.NoError(t, os.WriteFile(c.TrainData.Path, []byte("text,label\na,x\nb,x\n"), 0o644))
	_, err = mroberta.TrainClassifier(context.Background(), c, mroberta.TrainOptions{})
	require.ErrorContains(t, err, `the only label is "x"`)
	require.NoError(t, os.WriteFile(c.TrainData.Path, []byte("text,label\na,x\nb,\n"), 0o644))
	_, err = mroberta.TrainClassifier(context.Background(), c, mroberta.TrainOptions{})
	require.ErrorContains(t, err, `train.csv: row 2 has no label in the column "label"`)
}
