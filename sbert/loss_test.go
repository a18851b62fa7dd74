package sbert_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/optim"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestLossesAndGradientsEqualThoseOfSentenceTransformers(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	var g struct {
		Vectors [3][][]float32 `json:"vectors"`
		Scores  []float32      `json:"scores"`
		Classes []int          `json:"classes"`
		Cases   map[string]struct {
			Loss  float64     `json:"loss"`
			Grads [][]float32 `json:"grads"`
		} `json:"cases"`
	}
	readJSON(t, "testdata/losses.json", &g)
	for name, loss := range map[string]sbert.Loss{
		"mnrl":             sbert.MultipleNegativesRanking{},
		"mnrl scale 5":     sbert.MultipleNegativesRanking{Scale: 5},
		"mnrl dot":         sbert.MultipleNegativesRanking{Scale: 1, Dot: true},
		"mnrl symmetric":   sbert.MultipleNegativesRanking{Symmetric: true},
		"matryoshka":       sbert.Matryoshka{Loss: sbert.MultipleNegativesRanking{}, Dimensions: []int{8, 4, 3}, Weights: []float64{1, 0.5, 2}},
		"cosine":           sbert.CosineSimilarity{},
		"cosent":           sbert.CoSENT{},
		"triplet":          sbert.BatchAllTriplet{},
		"triplet margin 1": sbert.BatchAllTriplet{Margin: 1},
	} {
		t.Run(name, func(t *testing.T) {
			want, ok := g.Cases[name]
			require.True(t, ok)
			require.NoError(t, torch.Run(func() error {
				s := torch.NewScope("test")
				defer s.Close()
				var columns []*torch.Tensor
				for i := range want.Grads {
					var flat []float32
					for _, row := range g.Vectors[i] {
						flat = append(flat, row...)
					}
					columns = append(columns, torch.FromSlice(s, flat, len(g.Vectors[i]), 8).SetRequiresGrad(true))
				}
				value := loss.Value(columns, sbert.Targets{Scores: g.Scores, Classes: g.Classes})
				require.InEpsilon(t, want.Loss, value.Item(), 1e-5)
				value.Backward()
				for i, c := range columns {
					torchtest.Close(t, want.Grads[i], c.Grad(s).Floats(), 1e-5, "column %d", i)
				}
				return nil
			}))
		})
	}
	require.Len(t, g.Cases, 9)
}

type pairs struct {
	Anchors   []string  `json:"anchors"`
	Positives []string  `json:"positives"`
	Losses    []float64 `json:"losses"`
}

func columnsOf(t *testing.T, m *sbert.Model, p pairs, pick []int) [][][]int32 {
	t.Helper()
	var columns [][][]int32
	for _, texts := range [][]string{p.Anchors, p.Positives} {
		chosen := make([]string, len(pick))
		for i, at := range pick {
			chosen[i] = texts[at]
		}
		ids, err := m.Tokenize(chosen)
		require.NoError(t, err)
		columns = append(columns, ids)
	}
	return columns
}

func TestFiftyStepsHaveTheLossesOfSentenceTransformers(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	var p pairs
	readJSON(t, "testdata/training.json", &p)
	m := load(t, "testdata/model")
	require.NoError(t, torch.Run(func() error {
		for _, parameter := range m.Parameters() {
			parameter.SetRequiresGrad(true)
		}
		adam := optim.NewAdamW(optim.DefaultAdamW(), optim.GroupsByDecay(m.Parameters(), 0.01)...)
		defer adam.Free()
		stepper := sbert.Stepper{Model: m, Loss: sbert.MultipleNegativesRanking{}}
		for step, want := range p.Losses {
			pick := make([]int, 8)
			for i := range pick {
				pick[i] = (step*4 + i) % 16
			}
			loss, err := stepper.Step(context.Background(), columnsOf(t, m, p, pick), sbert.Targets{})
			require.NoError(t, err)
			require.InDelta(t, want, loss, 1e-3*p.Losses[0], "step %d", step+1)
			torch.ClipGradNorm(adam.Parameters(), 1)
			adam.Step(1e-3)
			torch.ZeroGrad(adam.Parameters())
		}
		return nil
	}))
	require.Less(t, p.Losses[49], p.Losses[0]/2, "the training that is compared trains")
}

// gradients of all parameters, by name.
func gradients(t *testing.T, m *sbert.Model, stepper sbert.Stepper, columns [][][]int32, targets sbert.Targets) (loss float64, all map[string][]float32) {
	t.Helper()
	all = map[string][]float32{}
	require.NoError(t, torch.Run(func() error {
		s := torch.NewScope("test")
		defer s.Close()
		var list []*torch.Tensor
		for _, p := range m.Parameters() {
			list = append(list, p.SetRequiresGrad(true))
		}
		torch.ZeroGrad(list)
		var err error
		if loss, err = stepper.Step(context.Background(), columns, targets); err != nil {
			return err
		}
		for name, p := range m.Parameters() {
			if g := p.Grad(s); g != nil {
				all[name] = g.Floats()
			}
		}
		return nil
	}))
	return loss, all
}

func TestMiniBatchesGiveTheGradientOfTheWholeBatchDropoutIncluded(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	var p pairs
	readJSON(t, "testdata/training.json", &p)
	m := load(t, "testdata/model")
	m.Encoder.Clock.Training, m.Encoder.Clock.Step = true, 5
	columns := columnsOf(t, m, p, []int{0, 1, 2, 3, 4, 5, 6})
	loss := sbert.MultipleNegativesRanking{}
	whole, want := gradients(t, m, sbert.Stepper{Model: m, Loss: loss}, columns, sbert.Targets{})
	for _, size := range []int{1, 3, 7, 13} {
		value, got := gradients(t, m, sbert.Stepper{Model: m, Loss: loss, MiniBatch: size}, columns, sbert.Targets{})
		require.InEpsilon(t, whole, value, 1e-5)
		require.Len(t, got, len(want))
		largest := float32(0)
		for _, g := range want {
			for _, x := range g {
				largest = max(largest, x, -x)
			}
		}
		for name := range want {
			for i, x := range want[name] {
				require.InDelta(t, x, got[name][i], 1e-5*float64(largest), "%s, mini-batches of %d", name, size)
			}
		}
	}
}

func TestIgnoredCandidatesAreNoWrongAnswers(t *testing.T) {
	torchtest.Need(t)
	require.NoError(t, torch.Run(func() error {
		s := torch.NewScope("test")
		defer s.Close()
		anchors := torch.FromSlice(s, []float32{1, 0, 1, 0.1, 0, 1}, 3, 2)
		positives := torch.FromSlice(s, []float32{1, 0, 1, 0, 0, 1}, 3, 2) // the first two are one text
		loss := sbert.MultipleNegativesRanking{}
		plain := loss.Value([]*torch.Tensor{anchors, positives}, sbert.Targets{}).Item()
		masked := loss.Value([]*torch.Tensor{anchors, positives}, sbert.Targets{Ignore: []bool{
			false, true, false,
			true, false, false,
			false, false, false,
		}}).Item()
		require.Greater(t, plain, 0.4)
		require.Less(t, masked, 1e-6)
		return nil
	}))
}
