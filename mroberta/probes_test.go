package mroberta_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/mroberta"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

type probe struct {
	X          [][]float32         `json:"x"`
	Y          []string            `json:"y"`
	Test       [][]float32         `json:"test"`
	Neighbours map[string][]string `json:"neighbours"`
	Logistic   map[string]struct {
		Weights [][]float64 `json:"weights"`
		Biases  []float64   `json:"biases"`
		Told    []string    `json:"told"`
	} `json:"logistic"`
}

func readProbes(t *testing.T) (probes map[string]probe) {
	t.Helper()
	text, err := os.ReadFile("testdata/probes.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &probes))
	require.Len(t, probes, 2)
	return probes
}

func vectors(rows [][]float32) *sbert.Vectors {
	v := &sbert.Vectors{Rows: len(rows), Dimensions: len(rows[0])}
	for _, row := range rows {
		v.Data = append(v.Data, row...)
	}
	return v
}

func TestNeighboursTellTheLabelsOfScikitLearn(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	for name, p := range readProbes(t) {
		require.Len(t, p.Neighbours, 6)
		for how, want := range p.Neighbours {
			var k int
			var weights string
			_, err := fmt.Sscan(how, &k, &weights)
			require.NoError(t, err)
			n, err := mroberta.NewNeighbours(k, vectors(p.X), p.Y)
			require.NoError(t, err)
			n.Distance = weights == "distance"
			told, err := n.Predict(vectors(p.Test))
			require.NoError(t, err)
			require.Equal(t, want, told, "%s, %s", name, how)
		}
	}
	_, err := mroberta.NewNeighbours(3, vectors([][]float32{{1}}), []string{"a"})
	require.ErrorContains(t, err, "3 neighbours are asked for, of 1 known")
}

func TestLogisticRegressionHasTheWeightsOfScikitLearn(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	for name, p := range readProbes(t) {
		require.Len(t, p.Logistic, 3)
		for c, want := range p.Logistic {
			t.Run(name+" C "+c, func(t *testing.T) {
				strength, err := strconv.ParseFloat(c, 64)
				require.NoError(t, err)
				l, err := mroberta.NewLogistic(context.Background(), vectors(p.X), p.Y, mroberta.LogisticOptions{C: strength, Tolerance: 1e-9})
				require.NoError(t, err)
				require.Len(t, l.Weights, len(want.Weights))
				for r := range want.Weights {
					require.InDeltaSlice(t, want.Weights[r], l.Weights[r], 1e-4)
				}
				require.InDeltaSlice(t, want.Biases, l.Biases, 1e-4)
				told, err := l.Predict(vectors(p.Test))
				require.NoError(t, err)
				require.Equal(t, want.Told, told)
			})
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p := readProbes(t)["four"]
	_, err := mroberta.NewLogistic(ctx, vectors(p.X), p.Y, mroberta.LogisticOptions{})
	require.ErrorIs(t, err, context.Canceled)
	_, err = mroberta.NewLogistic(context.Background(), vectors(p.X), p.Y, mroberta.LogisticOptions{MaxIterations: 1})
	require.ErrorContains(t, err, "not settled after 1 iterations")
}
