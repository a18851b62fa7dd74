package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/salamandra"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// service is one that runs on a free port.
type service struct {
	t    *testing.T
	url  string
	stop func() // as SIGTERM does, and waits until it has ended
}

func start(t *testing.T, dir string) *service {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, dir) }()
	s := &service{t: t, url: "http://" + listener.Addr().String()}
	stopped := false
	s.stop = func() {
		if cancel(); !stopped {
			stopped = true
			require.NoError(t, <-ended)
		}
	}
	t.Cleanup(s.stop)
	return s
}

func (s *service) call(method, path, body string, status int, answer any) {
	s.t.Helper()
	request, err := http.NewRequest(method, s.url+path, bytes.NewReader([]byte(body)))
	require.NoError(s.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, status, response.StatusCode, string(text))
	require.NoError(s.t, json.Unmarshal(text, answer), string(text))
}

// watch reads what the service tells of a job until enough says that it is enough, or the job has ended.
func (s *service) watch(id string, enough func(Job) bool) (last Job, lines int) {
	s.t.Helper()
	response, err := http.Get(s.url + "/jobs/" + id + "/watch")
	require.NoError(s.t, err)
	defer response.Body.Close()
	for read := bufio.NewScanner(response.Body); read.Scan(); lines++ {
		require.NoError(s.t, json.Unmarshal(read.Bytes(), &last))
		if enough(last) {
			return last, lines + 1
		}
	}
	return last, lines
}

func never(Job) bool { return false }

// configuration is a training of some steps on a few stories, as YAML.
func configuration(t *testing.T, steps int) string {
	t.Helper()
	base, err := filepath.Abs("../../testdata/stories260k")
	require.NoError(t, err)
	data := filepath.Join(t.TempDir(), "data.jsonl")
	var rows []byte
	for i := range 4 {
		rows = fmt.Appendf(rows, `{"messages": [{"role": "system", "content": "Tell who it was."}, {"role": "user", "content": "Who saw %d dogs?"},
			{"role": "assistant", "content": "Lily saw %d dogs."}]}`, i, i)
		rows = append(bytes.ReplaceAll(rows, []byte("\n\t\t\t"), nil), '\n')
	}
	require.NoError(t, os.WriteFile(data, rows, 0o644))
	return fmt.Sprintf(`
base_model: %s
load_in_4bit: true
adapter: qlora
lora_r: 4
lora_alpha: 8
lora_dropout: 0.1
lora_target_modules: [q_proj, v_proj]
datasets: [{path: %s, type: chat_template}]
chat_template: jinja
chat_template_jinja: "{%% for m in messages %%}{{ m['role'] + ': ' + m['content'] + eos_token }}{%% endfor %%}{%% if add_generation_prompt %%}assistant: {%% endif %%}"
sequence_len: 256
micro_batch_size: 2
max_steps: %d
save_steps: 1000
learning_rate: 2e-3
output_dir: nowhere
`, base, data, steps)
}

func TestAJobIsSubmittedWatchedAndParsedWith(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	s := start(t, dir)
	var job Job
	s.call("POST", "/jobs", configuration(t, 3), http.StatusAccepted, &job)
	require.Equal(t, "1", job.ID)
	last, lines := s.watch("1", never)
	require.Equal(t, Job{ID: "1", State: Finished, Step: 3, Total: 3, Loss: last.Loss}, last)
	require.Greater(t, lines, 1, "every change is told")
	require.Positive(t, last.Loss)

	var parsed []Parsed
	s.call("POST", "/jobs/1/parse", `{"questions": ["Who saw 2 dogs?", "Who saw 9 dogs?"]}`, http.StatusOK, &parsed)
	require.Len(t, parsed, 2)

	parser, err := salamandra.LoadParser(t.Context(), "../../testdata/stories260k",
		salamandra.ParserOptions{Adapter: filepath.Join(dir, "job-1", "out"), Load4Bit: true, DoubleQuant: true})
	require.NoError(t, err)
	defer parser.Close()
	answers, err := parser.ParseBatch(t.Context(), []string{"Who saw 2 dogs?", "Who saw 9 dogs?"}, nil)
	require.NoError(t, err)
	for i, a := range answers {
		require.NoError(t, a.Err)
		require.Equal(t, a.Raw, parsed[i].Output)
		require.Equal(t, a.Query, parsed[i].Query)
	}
}

func TestAServiceStoppedInTrainingGoesOnAndEndsWithTheSameBytes(t *testing.T) {
	torchtest.Need(t)
	yaml := configuration(t, 12)
	undisturbed, disturbed := t.TempDir(), t.TempDir()
	var job Job
	s := start(t, undisturbed)
	s.call("POST", "/jobs", yaml, http.StatusAccepted, &job)
	s.watch("1", never)
	s.stop()

	s = start(t, disturbed)
	s.call("POST", "/jobs", yaml, http.StatusAccepted, &job)
	s.watch("1", func(j Job) bool { return j.Step >= 2 })
	s.stop()
	checkpoints, err := filepath.Glob(filepath.Join(disturbed, "job-1/out/checkpoint-*"))
	require.NoError(t, err)
	require.Len(t, checkpoints, 1, "stopping writes a checkpoint")

	s = start(t, disturbed)
	last, _ := s.watch("1", never)
	require.Equal(t, Finished, last.State)
	want, err := os.ReadFile(filepath.Join(undisturbed, "job-1/out/adapter_model.safetensors"))
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(disturbed, "job-1/out/adapter_model.safetensors"))
	require.NoError(t, err)
	require.Equal(t, want, got)

	s.stop()
	s = start(t, disturbed)
	var jobs []Job
	s.call("GET", "/jobs", "", http.StatusOK, &jobs)
	require.Equal(t, []Job{last}, jobs, "a finished job stays finished")
}

func TestACancelledJobStopsAndStaysCancelled(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	s := start(t, dir)
	var job Job
	s.call("POST", "/jobs", configuration(t, 100_000), http.StatusAccepted, &job)
	s.call("POST", "/jobs", configuration(t, 1), http.StatusAccepted, &job)
	s.watch("1", func(j Job) bool { return j.Step >= 1 })
	s.call("DELETE", "/jobs/1", "", http.StatusOK, &job)
	require.Equal(t, Cancelled, job.State)
	next, _ := s.watch("2", never)
	require.Equal(t, Finished, next.State, "the next job's turn comes")
	s.stop()

	s = start(t, dir)
	s.call("GET", "/jobs/1", "", http.StatusOK, &job)
	require.Equal(t, Cancelled, job.State)
	var refusal map[string]string
	s.call("POST", "/jobs/1/parse", `{"questions": ["Who?"]}`, http.StatusConflict, &refusal)
	require.Contains(t, refusal["error"], "cancelled")
}

func TestFaultyRequestsAreRefusedWithEveryReason(t *testing.T) {
	s := start(t, t.TempDir())
	for _, c := range []struct {
		method, path, body string
		status             int
		reasons            []string
	}{
		{"POST", "/jobs", "lora_rank: 8\nlearning_rate: fast", http.StatusUnprocessableEntity, []string{"lora_rank", "learning_rate"}},
		{"POST", "/jobs", "base_model: m", http.StatusUnprocessableEntity, []string{"datasets", "learning_rate"}},
		{"GET", "/jobs/1", "", http.StatusNotFound, []string{`no job "1"`}},
		{"DELETE", "/jobs/x", "", http.StatusNotFound, []string{`no job "x"`}},
	} {
		var refusal map[string]string
		s.call(c.method, c.path, c.body, c.status, &refusal)
		for _, reason := range c.reasons {
			require.Contains(t, refusal["error"], reason)
		}
	}
}

func TestAJobThatFailsSaysWhyAlsoAfterARestart(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	var job Job
	s.call("POST", "/jobs", "base_model: "+dir+"/no/model\nadapter: lora\nlora_r: 4\nlora_alpha: 8\nlora_target_linear: true\nlearning_rate: 1e-3\n"+
		"datasets: [{path: none.jsonl, type: chat_template}]\noutput_dir: x", http.StatusAccepted, &job)
	failed, _ := s.watch("1", never)
	require.Equal(t, Failed, failed.State)
	require.Contains(t, failed.Error, "no/model")
	s.stop()
	s = start(t, dir)
	s.call("GET", "/jobs/1", "", http.StatusOK, &job)
	require.Equal(t, failed, job)
}
