// Package progress draws how far a long task is: bars on a terminal, a line now and then where there is none, or nothing.
//
// The libraries of this module report through callbacks and draw nothing themselves; a command turns their events into calls
// of a Task:
//
//	display := progress.New(os.Stderr, progress.Auto)
//	defer display.Close()
//	steps := display.Task("train", 300, progress.Count("steps"))
//	for … {
//		steps.Note("loss 0.812, 1,240 tok/s")
//		steps.Add(1)
//	}
//	steps.Done()
//
// Everything may be called from several goroutines at once. A nil *Task and a nil *Display do nothing, so that code can report
// without asking whether anybody looks.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// Mode says how progress is shown.
type Mode int

const (
	// Auto draws Bars when the output is a terminal, else Lines.
	Auto Mode = iota
	// Bars redraws one row for each task in place.
	Bars
	// Lines prints a line when a task begins to move, at every tenth of it, at least every minute while it moves, and at its end.
	Lines
	// Silent shows nothing but what is printed with Printf.
	Silent
)

// Display is where tasks are shown.
type Display struct {
	mode Mode
	now  func() time.Time

	mu   sync.Mutex // guards out in the modes without bars
	out  io.Writer
	bars *mpb.Progress

	taskMu sync.Mutex
	tasks  []*Task
}

// New returns a display on w, usually os.Stderr.
func New(w io.Writer, mode Mode) *Display {
	if mode == Auto {
		mode = Lines
		if isTerminal(w) {
			mode = Bars
		}
	}
	return newDisplay(w, mode, time.Now)
}

func newDisplay(w io.Writer, mode Mode, now func() time.Time) *Display {
	d := &Display{mode: mode, now: now, out: w}
	if mode == Bars {
		d.bars = mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh())
	}
	return d
}

// isTerminal tells whether w is a terminal on which a row can be redrawn: one that knows how wide it is.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	return err == nil && columns > 0
}

// Printf prints a line of text above the bars. A line end is added when there is none.
func (d *Display) Printf(format string, args ...any) {
	if d == nil {
		return
	}
	text := fmt.Sprintf(format, args...)
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if d.bars != nil {
		if _, err := d.bars.Write([]byte(text)); err == nil {
			return
		} // the bars are closed: print as without them
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	io.WriteString(d.out, text) //nolint:errcheck // nobody to tell: this is where errors would be shown
}

// Close ends every task that is still open as stopped and draws for the last time. The display prints as with Lines afterwards.
func (d *Display) Close() {
	if d == nil {
		return
	}
	d.taskMu.Lock()
	open := d.tasks
	d.tasks = nil
	d.taskMu.Unlock()
	for _, t := range open {
		t.Stop()
	}
	if d.bars != nil {
		d.bars.Wait()
	}
}

// Task is a piece of work with a known or unknown end.
type Task struct {
	display *Display
	bar     *mpb.Bar // in Bars mode

	mu       sync.Mutex
	state    state
	lastLine time.Time // in Lines mode: when the last line was printed, and at which tenth
	lastTen  int64
}

// Task adds a task of total units; a total of 0 means that the end is not known (yet).
func (d *Display) Task(name string, total int64, unit Unit) *Task {
	if d == nil {
		return nil
	}
	now := d.now()
	t := &Task{display: d, lastLine: now, state: state{name: name, unit: unit, total: max(0, total), begun: now}}
	if d.mode == Bars {
		row := mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
			_, err := io.WriteString(w, t.snapshot().row(s.AvailableWidth-1, d.now())) // a full row would wrap on some terminals
			return err
		})
		bar, err := d.bars.Add(0, row, mpb.BarFillerTrim())
		if err != nil { // closed
			return nil
		}
		t.bar = bar
	}
	d.taskMu.Lock()
	d.tasks = append(d.tasks, t)
	d.taskMu.Unlock()
	return t
}

func (t *Task) snapshot() state {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state
}

// change applies f to the state of a task that is not over, and prints a line when one is due.
func (t *Task) change(f func(*state)) {
	if t == nil {
		return
	}
	t.mu.Lock()
	if t.state.end != running {
		t.mu.Unlock()
		return
	}
	f(&t.state)
	now := t.display.now()
	if t.state.end != running {
		t.state.ended = now
	}
	line, due := "", t.display.mode == Lines && t.lineDue(now)
	if due {
		line = t.state.line(now)
	}
	over := t.state.end != running
	t.mu.Unlock()

	if due {
		t.display.Printf("%s", line)
	}
	if over && t.bar != nil {
		if t.snapshot().end == finished {
			t.bar.SetTotal(-1, true)
		} else {
			t.bar.Abort(false)
		}
		t.bar.Wait()
	}
}

// lineDue decides in Lines mode whether now is the time for a line. t.mu is held.
func (t *Task) lineDue(now time.Time) bool {
	s := &t.state
	ten := s.lastTenth()
	if s.end == running && (ten <= t.lastTen || now.Sub(t.lastLine) < time.Second) && now.Sub(t.lastLine) < time.Minute {
		return false
	}
	t.lastLine, t.lastTen = now, ten
	return true
}

// Set says how many units are done.
func (t *Task) Set(done int64) { t.change(func(s *state) { s.done = max(0, done) }) }

// Add says that n more units are done.
func (t *Task) Add(n int64) { t.change(func(s *state) { s.done = max(0, s.done+n) }) }

// Resume says that the task begins at done units, which took no time now: the time left is estimated without them.
func (t *Task) Resume(done int64) {
	t.change(func(s *state) { s.done, s.from, s.begun = max(0, done), max(0, done), t.display.now() })
}

// SetTotal says how many units there are, once that is known or when it has changed.
func (t *Task) SetTotal(total int64) { t.change(func(s *state) { s.total = max(0, total) }) }

// Note shows a short text with the task, instead of the last one: "loss 0.812, 1,240 tok/s".
func (t *Task) Note(text string) { t.change(func(s *state) { s.note = text }) }

// Done ends the task. What is shown of it stays.
func (t *Task) Done() { t.change(func(s *state) { s.end = finished }) }

// Stop ends a task that did not come to its end. A task that is over stays as it is.
func (t *Task) Stop() { t.change(func(s *state) { s.end = stopped }) }

// Reader counts what is read through it as done units: the bytes of a download.
func (t *Task) Reader(r io.Reader) io.Reader { return &countingReader{r, t} }

type countingReader struct {
	r io.Reader
	t *Task
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if n > 0 {
		c.t.Add(int64(n))
	}
	return n, err
}
