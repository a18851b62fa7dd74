package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// The whole way of the embedding side, command by command, with a small model.
func TestFromAbstractsToAModelThatSearchesAndClassifies(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	model, err := filepath.Abs("../../sbert/testdata/model")
	require.NoError(t, err)
	words := strings.Fields("energia solar hidrogen verd recerca salut bateries clima aigua universitat")
	var records, labelled strings.Builder
	labelled.WriteString("text,label\n")
	for i := range 120 {
		a, b := words[i%10], words[i/10%10]
		for _, lang := range []string{"ca", "en"} {
			line, err := json.Marshal(map[string]any{"id": i, "title": a + " i " + b, "abstract": fmt.Sprintf("%s %s %s %d", lang, b, a, i), "keywords": []string{a, b}, "lang": lang})
			require.NoError(t, err)
			records.Write(append(line, '\n'))
		}
		fmt.Fprintf(&labelled, "%s %s,%s\n", b, a, a)
	}
	for name, text := range map[string]string{
		"records.jsonl": records.String(), "labelled.csv": labelled.String(),
		"run.yml": "base_model: " + model + "\ntrain_data: {path: data/train.jsonl}\nduplicates: mask\nbatch_size: 16\nmax_steps: 12\nwarmup_steps: 2\nlearning_rate: 1e-3\n" +
			"eval_data: data/dev\neval_split: dev\nevaluation_steps: 6\nload_best_model_at_end: true\noutput_path: trained\n",
		"classify.yml": "base_model: trained\ntrain_data: {path: labelled.csv}\neval_path: labelled.csv\nbatch_size: 16\nmax_steps: 8\noutput_path: classifier\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	ajolote := func(args ...string) string {
		t.Helper()
		cmd := program(t, dir, append([]string{"embed"}, args...)...)
		var said strings.Builder
		cmd.Stderr = &said
		out, err := cmd.Output()
		require.NoError(t, err, said.String())
		return string(out)
	}
	require.Contains(t, ajolote("pairs", "--input", "records.jsonl", "--output", "data", "--test", "0.2"), "240 abstracts, 0 skipped")
	require.Contains(t, ajolote("train", "run.yml", "--dry-run"), "12 steps")
	require.Contains(t, ajolote("train", "run.yml"), "trained 12 steps")
	report := ajolote("evaluate", "--model", "trained", "--data", "data/test", "--output", "metrics.json", "--name", "test")
	require.Regexp(t, `all\s+monolingual\s+crosslingual\s+ca-ca\s+ca-en\s+en-ca\s+en-en`, report)
	require.Regexp(t, `recall@10\s+0\.\d{4}\s`, report)
	var metrics map[string]float64
	text, err := os.ReadFile(filepath.Join(dir, "metrics.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &metrics))
	require.Contains(t, metrics, "test_ca-en_cosine_ndcg@10")
	require.FileExists(t, filepath.Join(dir, "Information-Retrieval_evaluation_test_results.csv"))

	require.Contains(t, ajolote("mine", "--model", "trained", "--input", "data/train.jsonl", "--output", "hard.jsonl", "--num-negatives", "2"), "rows of")
	lines, err := os.ReadFile(filepath.Join(dir, "hard.jsonl"))
	require.NoError(t, err)
	require.Contains(t, string(lines), `"negative":`)
	require.Contains(t, ajolote("mine", "--model", "trained", "--input", "data/train.jsonl", "--output", "hard.jsonl", "--num-negatives", "2", "--format", "n-tuple", "--absolute-margin", "0.001"), "rows of")
	lines, err = os.ReadFile(filepath.Join(dir, "hard.jsonl"))
	require.NoError(t, err)
	require.Contains(t, string(lines), `"negative_2":`)

	require.Contains(t, ajolote("encode", "--model", "trained", "--input", "labelled.csv", "--output", "x.npy", "--normalize"), "120 texts in x.npy")
	var hit struct {
		Rank  int
		Score float64
		Text  string
	}
	found := ajolote("search", "--model", "trained", "--index", "x.npy", "--texts", "labelled.csv", "--query", "clima aigua", "--top-k", "2")
	require.Len(t, strings.Split(strings.TrimSpace(found), "\n"), 2)
	require.NoError(t, json.Unmarshal([]byte(strings.Split(found, "\n")[0]), &hit))
	require.Equal(t, 1, hit.Rank)
	require.NotEmpty(t, hit.Text)

	require.Regexp(t, `120 rows, 0 left out\n.*\n\d+ labels, of .*\n8 steps, 8 an epoch\nevaluation: 120 texts\n`, ajolote("classify", "train", "classify.yml", "--dry-run"))
	require.Contains(t, ajolote("classify", "train", "classify.yml"), "trained 8 steps")
	require.Contains(t, ajolote("classify", "evaluate", "--model", "classifier", "--input", "labelled.csv", "--output", "report.json"), "macro avg")
	require.FileExists(t, filepath.Join(dir, "report.json"))
	require.Contains(t, ajolote("classify", "predict", "--model", "classifier", "--input", "labelled.csv", "--output", "told.jsonl"), "120 texts")
	lines, err = os.ReadFile(filepath.Join(dir, "told.jsonl"))
	require.NoError(t, err)
	require.Contains(t, string(lines), `"probability":`)
	for _, method := range []string{"neighbours", "logistic"} {
		require.Contains(t, ajolote("classify", "probe", "--model", "trained", "--input", "labelled.csv", "--test", "labelled.csv", "--method", method), "weighted avg")
	}
}
