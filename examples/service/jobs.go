package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/ajolote-ai/ajolote/salamandra"
	"github.com/ajolote-ai/ajolote/train"
)

// State is where a job stands.
type State string

// The states.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Finished  State = "finished"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Job is a training job as clients see it.
type Job struct {
	ID    string  `json:"id"`
	State State   `json:"state"`
	Step  int     `json:"step"`
	Total int     `json:"total,omitempty"`
	Loss  float64 `json:"loss,omitempty"`
	Error string  `json:"error,omitempty"`
}

func (j Job) ended() bool { return j.State != Waiting && j.State != Running }

// Jobs are the jobs of a folder, run one after another: a training takes every core. What must outlive the process is on the
// disk: job-N/config.yml from the submission on, job-N/out with checkpoints and result, job-N/ended with the state and the
// error of a job that failed or was cancelled.
type Jobs struct {
	dir string

	mu      sync.Mutex
	list    []*Job
	cancel  context.CancelFunc // of the running job
	changed chan struct{}      // closed, and made anew, at every change

	closing chan struct{} // closed when the service stops, so that nobody watches for ever
}

func openJobs(dir string) (*Jobs, error) {
	j := &Jobs{dir: dir, changed: make(chan struct{}), closing: make(chan struct{})}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for n := 1; ; n++ {
		job := &Job{ID: strconv.Itoa(n), State: Waiting}
		if _, err := os.Stat(j.path(job.ID, "config.yml")); errors.Is(err, fs.ErrNotExist) {
			return j, nil
		} else if err != nil {
			return nil, err
		}
		if text, err := os.ReadFile(j.path(job.ID, "ended")); err == nil {
			state, message, _ := strings.Cut(string(text), "\n")
			job.State, job.Error = State(state), message
		}
		if err := j.finished(job); err != nil {
			return nil, err
		}
		j.list = append(j.list, job)
	}
}

// finished reads what a finished training has left.
func (j *Jobs) finished(job *Job) error {
	text, err := os.ReadFile(j.path(job.ID, filepath.Join("out", train.FinishedFile)))
	if errors.Is(err, fs.ErrNotExist) || job.ended() {
		return nil
	}
	var s train.Summary
	if err = errors.Join(err, json.Unmarshal(text, &s)); err != nil {
		return err
	}
	job.State, job.Step, job.Total, job.Loss = Finished, s.Steps, s.Steps, s.LastLoss
	return nil
}

func (j *Jobs) path(id string, name string) string { return filepath.Join(j.dir, "job-"+id, name) }

// submit checks a configuration and queues it.
func (j *Jobs) submit(text []byte) (Job, error) {
	c, _, err := salamandra.ParseConfig("the configuration", text, "output_dir=-")
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		return Job{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	job := &Job{ID: strconv.Itoa(len(j.list) + 1), State: Waiting}
	if err := j.write(job.ID, "config.yml", text); err != nil {
		return Job{}, err
	}
	j.list = append(j.list, job)
	j.announce()
	return *job, nil
}

// write makes a file of a job, whole or not at all.
func (j *Jobs) write(id, name string, text []byte) error {
	path := j.path(id, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".partial", text, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".partial", path)
}

// announce wakes everybody who waits for a change. The lock is held.
func (j *Jobs) announce() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// get returns a job, and a channel that is closed when any job changes.
func (j *Jobs) get(id string) (job Job, changed <-chan struct{}, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n, err := strconv.Atoi(id); err == nil && n >= 1 && n <= len(j.list) {
		return *j.list[n-1], j.changed, true
	}
	return job, nil, false
}

func (j *Jobs) all() []Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := make([]Job, len(j.list))
	for i, job := range j.list {
		list[i] = *job
	}
	return list
}

// stop cancels a job, unless it has ended. A running one stops as soon as it looks at its context.
func (j *Jobs) stop(id string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, job := range j.list {
		if job.ID != id || job.ended() {
			continue
		}
		if job.State == Running {
			j.cancel()
		}
		return j.end(job, Cancelled, "")
	}
	return nil
}

// end marks a job as ended, on the disk too. The lock is held.
func (j *Jobs) end(job *Job, state State, message string) error {
	job.State, job.Error = state, message
	j.announce()
	return j.write(job.ID, "ended", []byte(string(state)+"\n"+message))
}

// work runs the waiting jobs until ctx is done.
func (j *Jobs) work(ctx context.Context) {
	for ctx.Err() == nil {
		job, changed := j.next()
		if job != nil {
			j.run(ctx, job)
			continue
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

func (j *Jobs) next() (*Job, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, job := range j.list {
		if job.State == Waiting {
			return job, nil
		}
	}
	return nil, j.changed
}

func (j *Jobs) run(ctx context.Context, job *Job) {
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	j.mu.Lock()
	if job.State != Waiting { // cancelled meanwhile
		j.mu.Unlock()
		return
	}
	job.State, j.cancel = Running, cancel
	j.announce()
	j.mu.Unlock()

	err := j.train(running, job)

	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case job.State == Cancelled:
	case err == nil:
		job.State = Finished
		j.announce()
	case ctx.Err() != nil: // the service stops: the job goes on when it starts again
		job.State = Waiting
		j.announce()
	default:
		err = errors.Join(err, j.end(job, Failed, err.Error()))
		fmt.Fprintf(os.Stderr, "job %s: %v\n", job.ID, err)
	}
}

// config reads a job's configuration; it writes into the job's own folder, whatever output_dir says.
func (j *Jobs) config(id string) (*salamandra.Config, error) {
	c, _, err := salamandra.LoadConfig(j.path(id, "config.yml"), "output_dir="+j.path(id, "out"))
	return c, err
}

func (j *Jobs) train(ctx context.Context, job *Job) error {
	c, err := j.config(job.ID)
	if err != nil {
		return err
	}
	result, err := salamandra.FineTune(ctx, c, salamandra.FineTuneOptions{Events: func(e train.Event) {
		if e.Kind == train.Stepped || e.Kind == train.Resumed {
			j.progress(job, e.Step, e.Total, e.Loss)
		}
	}})
	if err == nil {
		j.progress(job, result.Steps, result.Steps, result.Loss)
	}
	return err
}

func (j *Jobs) progress(job *Job, step, total int, loss float64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	job.Step, job.Total, job.Loss = step, total, loss
	j.announce()
}
