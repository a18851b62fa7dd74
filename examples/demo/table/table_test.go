package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/eval"
)

func write(t *testing.T, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func printed(t *testing.T, parsed string, retrieval bool, files ...string) string {
	var out bytes.Buffer
	require.NoError(t, run(&out, parsed, retrieval, files))
	for line := range strings.Lines(out.String()) {
		assert.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), 80, line)
	}
	return out.String()
}

func TestQualityHasAColumnForEachReport(t *testing.T) {
	var files []string
	for i, count := range []int{0, 1, 51, 100} {
		r := eval.Report{Kind: eval.ReportKind, Total: 100}
		for _, g := range guide {
			r.Metrics = append(r.Metrics, eval.Entry{Name: g.metric, Share: eval.DefaultBootstrap().Share(g.metric, count, 100)})
		}
		path := filepath.Join(t.TempDir(), string(rune('a'+i)))
		require.NoError(t, r.WriteFile(path))
		files = append(files, path)
	}
	text := printed(t, "", false, files...)
	assert.Regexp(t, `(?m)^all right, strict +0 +1 +51 +\(4\d to 6\d\) +100 +51$`, text)
	assert.Error(t, run(&bytes.Buffer{}, "", false, files[:3]))
}

func TestParsedShowsWhatIsSaidAndWhatIsNoQuery(t *testing.T) {
	path := write(t, "parsed.jsonl", `{"query": "q1", "success": true, "parsed": {"filters": {"year": 2020, "location": null}, "organisations": [{"name": "UdG", "type": null}, {"type": "company"}], "semantic_query": "suro"}}
{"query": "q2", "success": false, "output": "{\n  \"doc"}
{"query": "q3", "success": true, "parsed": {"semantic_query": "`+strings.Repeat("ü", 90)+`"}}
`)
	assert.Equal(t, `
  q1
    filters         year=2020
    organisations   name=UdG; type=company
    semantic_query  suro

  q2
    no query: { "doc

  q3
    semantic_query  `+strings.Repeat("ü", 59)+`…
`, printed(t, path, false))
}

func TestRetrievalNeedsBothKinds(t *testing.T) {
	before := write(t, "before.json", `{"monolingual_cosine_recall@1": 0.5, "monolingual_cosine_recall@5": 0.6, "monolingual_cosine_recall@10": 0.7, "monolingual_cosine_mrr@10": 0.55,
"crosslingual_cosine_recall@1": 0.05, "crosslingual_cosine_recall@5": 0.1, "crosslingual_cosine_recall@10": 0.2, "crosslingual_cosine_mrr@10": 0.08}`)
	assert.Regexp(t, `(?m)^Recall@1 +50 +50 +5 +5 +34 +65$`, printed(t, "", true, before, before))
	empty := write(t, "empty.json", `{}`)
	assert.ErrorContains(t, run(&bytes.Buffer{}, "", true, []string{before, empty}), "empty.json has no monolingual")
}
