package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const evalSample = "../../eval/testdata/sample/"

// runEval runs the program's root command and returns what it printed on both streams.
func runEval(args ...string) (out, errOut string, err error) {
	root := newRootCommand()
	var stdout, stderr bytes.Buffer
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	root.SetArgs(args)
	err = root.Execute()
	return stdout.String(), stderr.String(), err
}

func TestEvalWritesTheReportAndTheReferencesFiles(t *testing.T) {
	dir := t.TempDir()
	out, errOut, err := runEval("eval", "--test-file", evalSample+"test_file.json", "--predictions", evalSample+"predictions.jsonl",
		"--output", dir+"/R.json", "--output-dir", dir+"/files", "--fail-under", "0.5")
	require.NoError(t, err)
	assert.Empty(t, errOut, "the equivalences beside the test file are found")
	assert.Contains(t, out, "24 queries; 95 % intervals from 10000 bootstrap resamples, seed 42")
	assert.Regexp(t, `all correct, relaxed +14/24 +58\.3 %`, out)
	assert.Regexp(t, `valid \(parses, fits the schema\) +17/24`, out)
	assert.FileExists(t, dir+"/R.json")
	stats, err := filepath.Glob(dir + "/files/validation_stats_*.json")
	require.NoError(t, err)
	require.Len(t, stats, 1)

	_, _, err = runEval("eval", "--test-file", evalSample+"test_file.json", "--predictions", evalSample+"predictions.jsonl",
		"--output", dir+"/R.json", "--base-model-mode", "--fail-under", "0.9")
	assert.Equal(t, exitStatus(1), err)

	out, _, err = runEval("eval", "--test-file", evalSample+"test_file.json", "--predictions", evalSample+"predictions.jsonl", "--output", dir+"/named.json", "--format", "json")
	require.NoError(t, err)
	var summary struct{ Name string }
	require.NoError(t, json.Unmarshal([]byte(out), &summary))
	assert.Equal(t, "named", summary.Name)
}

func TestEvalSaysWhatItNeeds(t *testing.T) {
	dir := t.TempDir()
	one := filepath.Join(dir, "one.jsonl")
	require.NoError(t, os.WriteFile(one, []byte(`{"id": "DEV_001", "output": ""}`), 0o644))
	all := []string{"eval", "--test-file", evalSample + "test_file.json", "--predictions", one, "--output", dir + "/R.json"}
	_, _, err := runEval(all...)
	assert.ErrorContains(t, err, "23 gold queries without a prediction: DEV_002, ")
	assert.NoFileExists(t, dir+"/R.json")
	_, _, err = runEval(append(all, "--allow-missing")...)
	assert.NoError(t, err)
	_, _, err = runEval(append(all, "--equivalences", dir+"/none")...)
	assert.EqualError(t, err, "--equivalences "+dir+"/none: no such folder")
	_, _, err = runEval(append(all, "--format", "xml")...)
	assert.EqualError(t, err, "--format xml: text or json is needed")
	_, _, err = runEval("eval", "--output", "x")
	assert.ErrorContains(t, err, `required flag(s) "predictions", "test-file" not set`)
}

func TestReportInEveryFormat(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		_, _, err := runEval("eval", "--test-file", evalSample+"test_file.json", "--predictions", evalSample+"predictions.jsonl",
			"--output", filepath.Join(dir, name, "run.json"), "--output-dir", filepath.Join(dir, name, "stamp"))
		require.NoError(t, err)
	}
	a, b := dir+"/a/run.json", dir+"/b/run.json"
	for ending, start := range map[string]string{"html": "<!DOCTYPE html>", "md": "# Query parser", "tsv": "run\tkind", "png": "\x89PNG"} {
		path := dir + "/out/report." + ending
		_, errOut, err := runEval("report", a, b, "--output", path)
		require.NoError(t, err, ending)
		assert.Equal(t, "wrote "+path+"\n", errOut)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, start, string(data[:len(start)]))
	}
	out, _, err := runEval("report", a, b, "--format", "md")
	require.NoError(t, err)
	assert.Contains(t, out, "| run | run (2) |", "runs of one name are told apart")

	out, _, err = runEval("report", "--format", "reference", dir+"/a/stamp", dir+"/b/stamp")
	require.NoError(t, err)
	assert.Contains(t, out, "Best strict accuracy: a (11/24)\n")
	detailed, err := filepath.Glob(dir + "/a/stamp/validation_detailed_*.json")
	require.NoError(t, err)
	out, _, err = runEval("report", "--format", "reference", detailed[0])
	require.NoError(t, err)
	assert.Contains(t, out, "All correct (relaxed): 14/24 (58.3%)")

	_, _, err = runEval("report", a, "--format", "pdf")
	assert.EqualError(t, err, "--format pdf: html, md, tsv, png or reference is needed")
	_, _, err = runEval("report")
	assert.ErrorContains(t, err, "nothing to report")
	_, _, err = runEval("report", evalSample+"expected.json")
	assert.ErrorContains(t, err, "not a report")
}
