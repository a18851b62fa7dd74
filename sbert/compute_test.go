package sbert_test

import (
	"context"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// With AJOLOTE_TEST_MINILM, also all-MiniLM-L6-v2: see testdata/minilm.py.
func TestVectorsComputedInBFloat16PointWhereThoseOfFloat32Do(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	var g goldens
	readJSON(t, "testdata/embeddings.json", &g)
	for _, dir := range []string{"testdata/model", os.Getenv("AJOLOTE_TEST_MINILM")} {
		if dir == "" {
			continue
		}
		vectors := map[torch.DType]*sbert.Vectors{}
		for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16} {
			m, err := sbert.Load(context.Background(), dir, bert.LoadOptions{Compute: dtype})
			require.NoError(t, err)
			vectors[dtype], err = m.Encode(context.Background(), g.Texts, sbert.EncodeOptions{Normalize: true})
			m.Free()
			require.NoError(t, err)
		}
		least := 1.0
		for i := range g.Texts {
			a, b := vectors[torch.Float32].Row(i), vectors[torch.BFloat16].Row(i)
			var dot, aa, bb float64
			for d := range a {
				dot += float64(a[d]) * float64(b[d])
				aa += float64(a[d]) * float64(a[d])
				bb += float64(b[d]) * float64(b[d])
			}
			least = min(least, dot/math.Sqrt(aa*bb))
		}
		t.Logf("%s: cosine at least %.6f", dir, least)
		require.Greater(t, least, 0.999, dir)
	}
}

func TestKernelLevelsGiveTheSameVectors(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	defer func() { require.NoError(t, torch.SetKernelLevel("")) }()
	var g goldens
	readJSON(t, "testdata/embeddings.json", &g)
	m, err := sbert.Load(context.Background(), "testdata/model", bert.LoadOptions{})
	require.NoError(t, err)
	defer m.Free()
	for _, level := range []string{"composite", ""} {
		require.NoError(t, torch.SetKernelLevel(level))
		v, err := m.Encode(context.Background(), g.Texts, sbert.EncodeOptions{})
		require.NoError(t, err)
		for i, want := range g.Model.Plain {
			torchtest.Close(t, want, v.Row(i), 1e-5, "level %q, text %d", level, i)
		}
	}
}
