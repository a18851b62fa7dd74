package llama_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

type golden struct {
	IDs    [][]int32     `json:"ids"`
	Logits [][][]float32 `json:"logits"`
}

func readGolden(t *testing.T) map[string]golden {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	var all map[string]golden
	require.NoError(t, json.Unmarshal(data, &all))
	return all
}

func modelDir(name string) string {
	if name == "stories260k" {
		return "../../testdata/stories260k"
	}
	return filepath.Join("testdata", name)
}

func load(t *testing.T, dir string, o llama.LoadOptions) *llama.Model {
	t.Helper()
	m, err := llama.Load(context.Background(), dir, o)
	require.NoError(t, err)
	t.Cleanup(m.Free)
	return m
}

// closeTo asserts that the largest difference is at most tolerance of the largest wanted value.
func closeTo(t *testing.T, want, got []float32, tolerance float64) {
	t.Helper()
	require.Len(t, got, len(want))
	var largest, difference float64
	for i := range want {
		largest = max(largest, abs(want[i]))
		difference = max(difference, abs(want[i]-got[i]))
	}
	require.LessOrEqual(t, difference, tolerance*largest)
}

func abs(x float32) float64 {
	if x < 0 {
		return float64(-x)
	}
	return float64(x)
}

func TestLogitsEqualThoseOfTransformers(t *testing.T) {
	torchtest.Need(t)
	for name, g := range readGolden(t) {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeaks(t)
			m := load(t, modelDir(name), llama.LoadOptions{})
			s := torch.NewScope("test")
			defer s.Close()
			var all llama.Rows
			all.Bounds = []int{0}
			for i, ids := range g.IDs {
				logits := m.Logits(m.Hidden(s, llama.Rows{IDs: ids}))
				for at, want := range g.Logits[i] {
					closeTo(t, want, logits.Rows(at, at+1).Floats(), 1e-4)
				}
				all.IDs = append(all.IDs, ids...)
				all.Bounds = append(all.Bounds, len(all.IDs))
			}
			if m.Config.Rope.Type == "dynamic" {
				return // its angles depend on the longest sequence of the pass
			}
			together := m.Logits(m.Hidden(s, all))
			for i, ids := range g.IDs {
				for at := range ids {
					row := all.Bounds[i] + at
					closeTo(t, g.Logits[i][at], together.Rows(row, row+1).Floats(), 1e-4)
				}
			}
		})
	}
}

func TestAPrefixGivesTheLogitsOfTheWholeText(t *testing.T) {
	torchtest.Need(t)
	for name, g := range readGolden(t) {
		t.Run(name, func(t *testing.T) {
			m := load(t, modelDir(name), llama.LoadOptions{})
			if m.Config.Window > 0 || m.Config.Rope.Type == "dynamic" {
				t.Skip("the keys of a prefix depend on what follows")
			}
			s := torch.NewScope("test")
			defer s.Close()
			ids := g.IDs[0]
			prefix := m.Start(s, ids[:3])
			logits := m.Logits(m.Hidden(s, llama.Rows{IDs: ids[3:], Prefix: prefix}))
			for at := range ids[3:] {
				closeTo(t, g.Logits[0][3+at], logits.Rows(at, at+1).Floats(), 1e-4)
			}
		})
	}
}
