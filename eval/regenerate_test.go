package eval

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// regenerate runs Regenerate on a detailed file of these contents.
func regenerate(t *testing.T, contents string) (*Regenerated, *pyjson.Object) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "validation_detailed_20260102_030405.json")
	require.NoError(t, os.WriteFile(path, []byte(contents), 0o644))
	r, err := Regenerate(path)
	require.NoError(t, err)
	assert.Equal(t, "validation_stats_20260102_030405.json", filepath.Base(r.Statistics))
	return r, value(t, readFile(t, r.Statistics)).(*pyjson.Object)
}

func TestRegeneratedStatisticsAreTheFirstOnesLessWhatTheReferenceDrops(t *testing.T) {
	r, stats := regenerate(t, readFile(t, "testdata/validation_detailed.json"))
	assert.Equal(t, []int{24, 24, 11, 14}, []int{r.Total, r.ValidJSON, r.Strict, r.Relaxed})
	want := value(t, readFile(t, "testdata/validation_stats.json")).(*pyjson.Object)
	for key, v := range want.All() {
		got := stats.Value(key)
		switch key {
		case "elapsed_time":
			assert.Nil(t, got)
		case "by_language":
			for lang, group := range v.(*pyjson.Object).All() {
				assert.Equal(t, pyjson.Text(without(group.(*pyjson.Object), "valid_json")), pyjson.Text(got.(*pyjson.Object).Value(lang)))
			}
		default:
			assert.Equal(t, pyjson.Text(v), pyjson.Text(got), key)
		}
	}
	// The sample's one leak needs no equivalences, so the analysis is the same.
	assert.Equal(t, readFile(t, "testdata/sample/error_analysis.txt"), readFile(t, r.Analysis))
}

func TestRegeneratingFilesMadeByOtherMeans(t *testing.T) {
	r, stats := regenerate(t, `[
		{"test_id": 1, "query": "q", "validation": {"valid_json": true, "filters": {"year": true}}, "predicted": {}, "gold": {"filters": {"programme": "ERC"}, "organisations": [{}], "semantic_query": "x"}},
		{"test_id": 2, "query": "q", "validation": {"filters": {"programme": false, "year": true}}, "predicted": {}, "gold": {"meta": {"lang": "CA"}, "filters": {"programme": "ERC"}}},
		{"test_id": 3, "query": "q", "validation": {"valid_json": true, "language_correct": false, "all_correct_relaxed": true, "filters": {"programme": false, "location": true}},
		 "predicted": {"filters": {"programme": "FEDER"}}, "gold": {"meta": {"lang": "CA"}, "filters": {"programme": "ERC"}}}]`)
	assert.Equal(t, []int{3, 2, 0, 1}, []int{r.Total, r.ValidJSON, r.Strict, r.Relaxed})
	assert.Equal(t, "{'year': 2, 'location': 1}", pyjson.Text(stats.Value("filters")), "a filter that was never right is absent")
	assert.Equal(t, "{'UNKNOWN': {'total': 1, 'language_correct': 0, 'strict': 0, 'relaxed': 0}, 'CA': {'total': 2, 'language_correct': 0, 'strict': 0, 'relaxed': 1}}", pyjson.Text(stats.Value("by_language")))
	assert.Equal(t, "{'invalid_json': 1, 'language_mismatch': 1, 'critical': {'wrong_programme': 1, 'wrong_organisations': 0}, 'moderate': {'extra_filter_in_semantic': 0, 'wrong_year': 0, 'wrong_semantic_query': 0}, 'minor': {'org_type_mismatch': 0, 'wrong_funding_level': 0}}",
		pyjson.Text(stats.Value("error_counts")), "flags that are absent count as right in the analysis")
	assert.Contains(t, readFile(t, r.Analysis), "[!!!] INVALID JSON (1 cases)\n================================================================================\n\nTest: 2\nQuery: q\nResponse preview: N/A\n")
}

func TestRegenerateSaysWhatItNeeds(t *testing.T) {
	dir := t.TempDir()
	for contents, want := range map[string]string{
		`{}`:                     "a list is needed, not an object: give a validation_detailed_*.json",
		`[1]`:                    "entry 1: an object is needed, not an integer",
		`[{}]`:                   "entry 1: validation is null: an object is needed",
		`[{"validation": {}}] x`: "Extra data: line 1 column 22 (char 21)",
	} {
		path := filepath.Join(dir, "d.json")
		require.NoError(t, os.WriteFile(path, []byte(contents), 0o644))
		_, err := Regenerate(path)
		assert.EqualError(t, err, path+": "+want)
	}
}
