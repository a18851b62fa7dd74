package bert_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestLogitsAndGradientsOfAClassifierEqualThoseOfTransformers(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	g := readGoldens(t)
	var golden map[string]struct {
		Logits []float32
		Loss   float64
		Grads  map[string][]float32
	}
	text, err := os.ReadFile("testdata/classify.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &golden))
	for name, want := range golden {
		t.Run(name, func(t *testing.T) {
			c, err := bert.LoadClassifier(context.Background(), filepath.Join("testdata", name), bert.LoadOptions{})
			require.NoError(t, err)
			defer c.Free()
			require.Equal(t, []string{"energia", "salut", "clima"}, c.Labels)
			require.NoError(t, torch.Run(func() error {
				s := torch.NewScope("test")
				defer s.Close()
				for _, p := range c.Parameters() {
					p.SetRequiresGrad(true)
				}
				logits := c.Forward(s, bert.Join(g.IDs...))
				torchtest.Close(t, want.Logits, logits.Detach().Floats(), 1e-5)
				loss := logits.CrossEntropy(torch.FromSlice(s, []int64{2, 0, 1, 1}, 4), -100)
				require.InEpsilon(t, want.Loss, loss.Item(), 1e-5)
				loss.Backward()
				compared := 0
				for name, p := range c.Parameters() {
					grad, ok := want.Grads[name]
					if !ok || name == "bert.encoder.layer.1.attention.self.key.bias" || name == "roberta.encoder.layer.1.attention.self.key.bias" {
						continue // not written, or zero but for rounding
					}
					torchtest.Close(t, grad, p.Grad(s).Floats(), 1e-4, name)
					compared++
				}
				require.Equal(t, len(want.Grads)-1, compared)
				return nil
			}))
		})
	}
	require.Len(t, golden, 2)
}

func TestAClassifierIsWhatWasSaved(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	g := readGoldens(t)
	for _, name := range []string{"bert", "xlmr", "bert-classify", "roberta-classify"} {
		from := filepath.Join("testdata", name)
		m, err := bert.Load(context.Background(), from, bert.LoadOptions{})
		require.NoError(t, err)
		c := bert.NewClassifier(m, []string{"a", "b", "c", "d"}, 1)
		defer c.Free()
		dir := t.TempDir()
		require.NoError(t, c.Save(from, dir))
		again, err := bert.LoadClassifier(context.Background(), dir, bert.LoadOptions{})
		require.NoError(t, err)
		defer again.Free()
		require.Equal(t, c.Labels, again.Labels)
		s := torch.NewScope("test")
		defer s.Close()
		torch.NoGrad(func() {
			want := c.Forward(s, bert.Join(g.IDs...)).Floats()
			require.Equal(t, want, again.Forward(s, bert.Join(g.IDs...)).Floats())
		})
	}
}

func TestAModelWithoutAHeadIsNoClassifier(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	for name, want := range map[string]string{"bert": "classifier.weight is missing", "xlmr": "classifier.dense.weight is missing"} {
		_, err := bert.LoadClassifier(context.Background(), filepath.Join("testdata", name), bert.LoadOptions{})
		require.ErrorContains(t, err, want)
	}
}
