package mroberta

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// testdata/batches.json holds the batches of NoDuplicatesBatchSampler, and the order in which it looked at the rows.
func TestBatchesWithoutDuplicatesAreThoseOfSentenceTransformers(t *testing.T) {
	var cases []struct {
		Columns [][]string `json:"columns"`
		Size    int        `json:"size"`
		Order   []int      `json:"order"`
		Batches [][]int    `json:"batches"`
	}
	text, err := os.ReadFile("testdata/batches.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &cases))
	require.NotEmpty(t, cases)
	for _, c := range cases {
		require.Equal(t, c.Batches, noDuplicates(c.Order, numbered(c.Columns), c.Size))
	}
}
