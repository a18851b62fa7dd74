package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// folder makes a results folder MODEL/run with a statistics file.
func folder(t *testing.T, root, model, stats string) string {
	t.Helper()
	dir := filepath.Join(root, model, "run")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "validation_stats_20260101_000000.json"), []byte(`{"total": 0}`), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "validation_stats_20260102_000000.json"), []byte(stats), 0o644))
	return dir
}

func TestTheComparativeReportIsLaidOutAsTheReferenceLaysItOut(t *testing.T) {
	root := t.TempDir()
	stats, err := os.ReadFile("../testdata/validation_stats.json")
	require.NoError(t, err)
	present := folder(t, root, "impulse-7b", string(stats))
	older := folder(t, root, "a-model-with-a-name-of-more-than-33-characters", `{"total": 8, "valid_json": 7, "all_correct": 6,
		"filters": {"programme": 8, "year": 7, "location": 6}, "organisations": 5, "semantic_query": 4,
		"by_language": {"EN": {"total": 8, "all_correct": 6}, "DE": {"total": 0}}}`)
	text, err := Comparative([]string{present + "//", root + "/not/there", older, root})
	require.NoError(t, err)
	golden, err := os.ReadFile("testdata/comparative.txt")
	require.NoError(t, err)
	assert.Equal(t, string(golden), strings.ReplaceAll(text, root, "ROOT"))
}

func TestTheComparativeReportWithoutResults(t *testing.T) {
	text, err := Comparative([]string{t.TempDir()})
	require.NoError(t, err)
	assert.Equal(t, "No results found", text)
	dir := folder(t, t.TempDir(), "m", `{"total": 0, "filters": {"year": 1}}`)
	_, err = Comparative([]string{dir})
	assert.EqualError(t, err, dir+"/validation_stats_20260102_000000.json: total is 0 or missing, no filters.programme, no filters.location: the report cannot be made of it")
}

func TestAFoldersModelIsItsParent(t *testing.T) {
	for folder, want := range map[string][2]string{
		"results/m/stamp":     {"m", "results/m/stamp"},
		"./results//m/stamp/": {"m", "results/m/stamp"},
		"/abs/stamp":          {"abs", "/abs/stamp"},
		"stamp":               {"", "stamp"},
		".":                   {"", "."},
	} {
		name, clean := nameOf(folder)
		assert.Equal(t, want, [2]string{name, clean}, folder)
	}
}
