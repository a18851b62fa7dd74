package train

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ajolote-ai/ajolote/internal/atomicfile"
)

// Record is one line of train_log.jsonl: one step.
type Record struct {
	Step         int     `json:"step"` // counted from 1
	Epoch        float64 `json:"epoch"`
	Loss         float64 `json:"loss"`
	LearningRate float64 `json:"learning_rate"` // that the step used
	GradNorm     float64 `json:"grad_norm"`     // before clipping
	Tokens       int     `json:"tokens"`
	Labels       int     `json:"labels"`
	Seconds      float64 `json:"seconds"`
}

// LogFile is the name of the log in the output directory.
const LogFile = "train_log.jsonl"

// stepLog appends a line a step.
type stepLog struct {
	file    *os.File
	written int64  // bytes of whole lines in the file
	pending []byte // lines that could not be written yet
}

// openLog opens dir's log for the step after done: lines of later steps, which a killed run may have left behind its last
// checkpoint, and a torn last line are dropped. So the log has one line a step after any number of resumes.
func openLog(dir string, done int) (*stepLog, error) {
	path := filepath.Join(dir, LogFile)
	kept, err := linesUpTo(path, done)
	if err != nil {
		return nil, err
	}
	err = atomicfile.Write(path, func(w io.Writer) error { _, err := w.Write(kept); return err })
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return &stepLog{file: f, written: int64(len(kept))}, nil
}

func linesUpTo(path string, done int) ([]byte, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || done == 0 {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	var kept bytes.Buffer
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, len(data)+1)
	for lines.Scan() {
		var r Record
		if json.Unmarshal(lines.Bytes(), &r) == nil && r.Step > 0 && r.Step <= done {
			kept.Write(lines.Bytes())
			kept.WriteByte('\n')
		}
	}
	return kept.Bytes(), lines.Err()
}

// write appends the line of a step. When that fails, the line is kept for the next time, and the file ends with a whole line.
func (l *stepLog) write(r Record) error {
	line, err := json.Marshal(r)
	if err != nil { // a loss that is not finite: JSON has no word for it
		line, err = json.Marshal(struct {
			Step    int    `json:"step"`
			Skipped string `json:"skipped"`
		}{r.Step, fmt.Sprintf("loss %v, gradient norm %v", r.Loss, r.GradNorm)})
	}
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	l.pending = append(append(l.pending, line...), '\n')
	return l.flush()
}

func (l *stepLog) flush() error {
	if _, err := l.file.WriteAt(l.pending, l.written); err != nil {
		_ = l.file.Truncate(l.written)
		return fmt.Errorf("train: writing the log: %w", err)
	}
	l.written += int64(len(l.pending))
	l.pending = l.pending[:0]
	return nil
}

func (l *stepLog) close() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}
