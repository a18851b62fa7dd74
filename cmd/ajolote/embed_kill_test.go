package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

const embedSteps = 40

// writeEmbedRun makes a folder with a small training of an encoder: 40 steps, a checkpoint and an evaluation every fourth
// one, dropout on, the best model kept.
func writeEmbedRun(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	paths := map[string]string{}
	for name, path := range map[string]string{"model": "../../sbert/testdata/model", "eval": "../../mroberta/testdata"} {
		absolute, err := filepath.Abs(path)
		require.NoError(t, err)
		paths[name] = absolute
	}
	words := strings.Fields("energia solar hidrogen verd recerca salut bateries clima aigua universitat")
	var rows bytes.Buffer
	for i := range 320 {
		a, b := words[i%10], words[i/10%10]
		fmt.Fprintf(&rows, "{\"query\": \"%s %s\", \"passage\": \"institut de %s i %s, %s\"}\n", a, b, b, a, words[i/100])
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pairs.jsonl"), rows.Bytes(), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "run.yml"), []byte(`
base_model: `+paths["model"]+`
train_data: {path: pairs.jsonl}
loss: cached_mnrl
mini_batch_size: 24
duplicates: resample
dropout: 0.1
batch_size: 32
num_epochs: 4
warmup_steps: 4
learning_rate: 1e-3
eval_queries: `+paths["eval"]+`/queries.jsonl
eval_corpus: `+paths["eval"]+`/corpus.jsonl
eval_qrels: `+paths["eval"]+`/qrels.tsv
evaluation_steps: 4
threads: 1
load_best_model_at_end: true
output_path: out
`), 0o644))
	return dir
}

// embedDigest names the bytes of the trained model, of the log without its times, and of the evaluations.
func embedDigest(t *testing.T, dir string) string {
	t.Helper()
	h := sha256.New()
	for _, name := range []string{"model.safetensors", "tokenizer.json", "modules.json"} {
		data, err := os.ReadFile(filepath.Join(dir, "out", name))
		require.NoError(t, err)
		h.Write(data)
	}
	log, err := os.ReadFile(filepath.Join(dir, "out", "train_log.jsonl"))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	require.Len(t, lines, embedSteps, "one line a step")
	for i, line := range lines {
		var r map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		require.EqualValues(t, i+1, r["step"])
		delete(r, "seconds")
		text, err := json.Marshal(r)
		require.NoError(t, err)
		h.Write(text)
	}
	var run struct {
		Best    int     `json:"best_step"`
		Metric  float64 `json:"best_metric"`
		Metrics map[string]float64
	}
	text, err := os.ReadFile(filepath.Join(dir, "out", "run.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &run))
	require.Positive(t, run.Best)
	fmt.Fprintln(h, run)
	return fmt.Sprintf("%x", h.Sum(nil))
}

func TestAnEncodersTrainingKilledTwentyTimesEndsWithTheSameBytes(t *testing.T) {
	torchtest.Need(t)
	undisturbed := writeEmbedRun(t)
	started := time.Now()
	out, err := program(t, undisturbed, "embed", "train", "run.yml").CombinedOutput()
	require.NoError(t, err, string(out))
	length := time.Since(started)
	want := embedDigest(t, undisturbed)

	disturbed := writeEmbedRun(t)
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	kills, ends := 0, 0
	for kills < 20 {
		cmd := program(t, disturbed, "embed", "train", "run.yml")
		require.NoError(t, cmd.Start())
		time.AfterFunc(time.Duration(random.Float64()*float64(length)), func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			kills++
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want, embedDigest(t, disturbed))
		ends++
		require.Less(t, ends, 100, "the runs end before they can be killed")
		require.NoError(t, os.RemoveAll(filepath.Join(disturbed, "out")))
	}
	out, err = program(t, disturbed, "embed", "train", "run.yml").CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, want, embedDigest(t, disturbed))

	out, err = program(t, disturbed, "embed", "train", "run.yml").CombinedOutput()
	require.NoError(t, err)
	require.Contains(t, string(out), "nothing to do")
}

func TestEncodingThatIsKilledGoesOnAndLosesNothing(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	model, err := filepath.Abs("../../sbert/testdata/model")
	require.NoError(t, err)
	words := strings.Fields("energia solar hidrogen verd recerca salut bateries clima aigua universitat")
	var lines strings.Builder
	for i := range 60000 {
		fmt.Fprintf(&lines, "%s %s %s %d\n", words[i%10], words[i/10%10], words[i/100%10], i)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "in.txt"), []byte(lines.String()), 0o644))
	encode := func(output string) []string {
		return []string{"embed", "encode", "--model", model, "--input", "in.txt", "--output", output}
	}
	started := time.Now()
	out, err := program(t, dir, encode("whole.npy")...).CombinedOutput()
	require.NoError(t, err, string(out))
	length := time.Since(started)
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 3))
	for range 8 {
		cmd := program(t, dir, encode("pieces.npy")...)
		require.NoError(t, cmd.Start())
		time.AfterFunc(time.Duration(random.Float64()*float64(length)), func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
	}
	out, err = program(t, dir, encode("pieces.npy")...).CombinedOutput()
	require.NoError(t, err, string(out))
	want, err := sbert.OpenIndex(filepath.Join(dir, "whole.npy"))
	require.NoError(t, err)
	defer want.Close()
	got, err := sbert.OpenIndex(filepath.Join(dir, "pieces.npy"))
	require.NoError(t, err)
	defer got.Close()
	require.Equal(t, 60000, got.Rows)
	require.Equal(t, want.Data, got.Data)
}
