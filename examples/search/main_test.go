package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// The small model has random weights: what it finds surely is the text itself.
func TestTheTextItselfIsFoundFirstAndTheVectorsAreKept(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	source, err := os.ReadFile("projects.csv")
	require.NoError(t, err)
	table := filepath.Join(t.TempDir(), "projects.csv")
	require.NoError(t, os.WriteFile(table, source, 0o644))
	questions := []string{"Salud mental de los jóvenes y clima escolar en institutos", "Photonic chips for secure quantum communication"}
	var first strings.Builder
	require.NoError(t, run(context.Background(), &first, "../../sbert/testdata/old", table, "abstract", questions))
	lines := strings.Split(strings.TrimSpace(first.String()), "\n")
	require.Len(t, lines, 8)
	require.Equal(t, questions[0], lines[0])
	require.Equal(t, "  1.000  "+questions[0], lines[1])
	require.Equal(t, "  1.000  "+questions[1], lines[5])

	made, err := os.Stat(table + ".npy")
	require.NoError(t, err)
	var second strings.Builder
	require.NoError(t, run(context.Background(), &second, "../../sbert/testdata/old", table, "abstract", questions))
	require.Equal(t, first.String(), second.String())
	again, err := os.Stat(table + ".npy")
	require.NoError(t, err)
	require.Equal(t, made.ModTime(), again.ModTime())
}
