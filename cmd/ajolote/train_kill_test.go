package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// program is the command line under test, in dir.
func program(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "AJOLOTE_TEST_COMMAND=1") // see TestMain
	return cmd
}

// writeRun makes a folder with a small fine-tuning of stories260k: 24 steps, a checkpoint every second one, dropout on.
func writeRun(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	base, err := filepath.Abs("../../testdata/stories260k")
	require.NoError(t, err)
	var rows bytes.Buffer
	for i := range 48 {
		line, err := json.Marshal(map[string]any{"messages": []map[string]string{
			{"role": "system", "content": "Tell a story about a girl and a dog in the park."},
			{"role": "user", "content": fmt.Sprintf("story %d about Tom", i)},
			{"role": "assistant", "content": fmt.Sprintf("Tom went to the park %d times and saw %d dogs.", i, i*7%10)},
		}})
		require.NoError(t, err)
		rows.Write(append(line, '\n'))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data.jsonl"), rows.Bytes(), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "run.yml"), []byte(`
base_model: `+base+`
load_in_4bit: true
adapter: qlora
lora_r: 4
lora_alpha: 8
lora_dropout: 0.1
lora_target_modules: [q_proj, v_proj, down_proj]
datasets: [{path: data.jsonl, type: chat_template}]
chat_template: jinja
chat_template_jinja: "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + eos_token }}{% endfor %}"
val_set_size: 4
eval_steps: 6
sequence_len: 300
micro_batch_size: 2
gradient_accumulation_steps: 2
max_steps: 24
save_steps: 2
save_total_limit: 3
learning_rate: 2e-3
output_dir: out
`), 0o644))
	return dir
}

// digest names the bytes of what was trained, an adapter or a model, and of the log without its times.
func digest(t *testing.T, dir string) string {
	t.Helper()
	trained, err := filepath.Glob(filepath.Join(dir, "out", "*model.safetensors"))
	require.NoError(t, err)
	require.Len(t, trained, 1)
	weights, err := os.ReadFile(trained[0])
	require.NoError(t, err)
	log, err := os.ReadFile(filepath.Join(dir, "out", "train_log.jsonl"))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	require.Len(t, lines, 24, "one line a step")
	h := sha256.New()
	h.Write(weights)
	for i, line := range lines {
		var r map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		require.EqualValues(t, i+1, r["step"])
		delete(r, "seconds")
		text, err := json.Marshal(r)
		require.NoError(t, err)
		h.Write(text)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func TestARunKilledAgainAndAgainEndsWithTheSameBytes(t *testing.T) {
	torchtest.Need(t)
	for _, c := range []struct {
		name  string
		set   []string
		kills int
	}{
		{"QLoRA", nil, 20},
		{"packed, in the order of the files", []string{"sample_packing=true", "curriculum_sampling=true", "micro_batch_size=1"}, 5},
		{"Muon on the whole model", []string{"load_in_4bit=false", "adapter=", "lora_r=0", "lora_alpha=0", "lora_dropout=0", "lora_target_modules=[]",
			"optimizer=muon", "save_steps=5"}, 5},
		// At this rate the first step leaves weights that are not finite: all later ones are skipped, and counted.
		{"skipping bad steps", []string{"learning_rate=1e30", "warmup_steps=0", "skip_bad_steps=true"}, 5},
	} {
		t.Run(c.name, func(t *testing.T) { killAndResume(t, c.kills, c.set) })
	}
}

// killAndResume compares a run that was killed at random moments with one that was not.
func killAndResume(t *testing.T, kills int, set []string) {
	args := []string{"train", "run.yml"}
	for _, s := range set {
		args = append(args, "--set", s)
	}
	undisturbed := writeRun(t)
	started := time.Now()
	out, err := program(t, undisturbed, args...).CombinedOutput()
	require.NoError(t, err, string(out))
	length := time.Since(started)
	want := digest(t, undisturbed)

	disturbed := writeRun(t)
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for tries := 0; kills > 0; tries++ {
		require.Less(t, tries, 200, "the runs end before they can be killed")
		cmd := program(t, disturbed, args...)
		require.NoError(t, cmd.Start())
		time.AfterFunc(time.Duration(random.Float64()*float64(length)*0.7), func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			kills--
			continue
		}
		require.NoError(t, err)
		// It came to its end: begin anew, so that there is something to kill.
		require.Equal(t, want, digest(t, disturbed))
		require.NoError(t, os.RemoveAll(filepath.Join(disturbed, "out")))
	}
	out, err = program(t, disturbed, args...).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, want, digest(t, disturbed))

	out, err = program(t, disturbed, args...).CombinedOutput()
	require.NoError(t, err)
	require.Contains(t, string(out), "nothing to do")
}

func TestTERMLeavesACheckpointAndTheRunGoesOnFromIt(t *testing.T) {
	torchtest.Need(t)
	undisturbed, disturbed := writeRun(t), writeRun(t)
	out, err := program(t, undisturbed, "train", "run.yml").CombinedOutput()
	require.NoError(t, err, string(out))

	cmd := program(t, disturbed, "train", "run.yml", "--set", "save_steps=1000")
	require.NoError(t, cmd.Start())
	log := filepath.Join(disturbed, "out", "train_log.jsonl")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		text, _ := os.ReadFile(log)
		if bytes.Count(text, []byte("\n")) >= 3 || time.Now().After(deadline) {
			break
		}
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.Error(t, cmd.Wait())
	checkpoints, err := filepath.Glob(filepath.Join(disturbed, "out", "checkpoint-*"))
	require.NoError(t, err)
	require.Len(t, checkpoints, 1)
	out, err = program(t, disturbed, "train", "run.yml", "--set", "save_steps=1000").CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "resumed from")
	require.Equal(t, digest(t, undisturbed), digest(t, disturbed))
}
