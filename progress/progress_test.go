package progress

import (
	"bytes"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var begun = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestARowFitsTheTerminal(t *testing.T) {
	training := state{name: "train", unit: Count("steps"), total: 300, done: 126, note: "loss 0.812, 1,240 tok/s", begun: begun}
	download := state{name: "libtorch", unit: Bytes, total: 530_214_112, done: 81_000_000, begun: begun}
	for _, c := range []struct {
		name  string
		s     state
		width int
		want  string
	}{
		{"80 columns", training, 80, "train       42% [====>      ] 126/300 steps  loss 0.812, 1,240 tok/s  2m18s left"},
		{"120 columns", training, 120, "train       42% [================>                       ] 126/300 steps  loss 0.812, 1,240 tok/s  2m18s left"},
		{"60 columns: no bar", training, 60, "train       42% 126/300 steps  loss 0.812, 1,24…  2m18s left"},
		{"20 columns", training, 20, "train       42% 126…"},
		{"a download", download, 80, "libtorch    15% [===>                  ] 81.0 MB of 530 MB  810 kB/s  9m15s left"},
		{"nothing done", state{name: "train", unit: "steps", total: 10, begun: begun}, 80, "train        0% [>                                       ] 0/10 steps"},
		{"no total", state{name: "rows", unit: "rows", done: 1234567, begun: begun}, 80, "rows       1,234,567 rows"},
		{"resumed", state{name: "train", unit: "steps", total: 300, done: 126, from: 125, begun: begun}, 80, "train       42% [===============>                    ] 126/300 steps  4h50m left"},
		{"more than the total", state{name: "x", unit: "steps", total: 3, done: 9, begun: begun}, 80, "x          100% [========================================] 9/3 steps"},
		{"finished", state{name: "train", unit: "steps", total: 3, done: 3, begun: begun, ended: begun.Add(time.Minute), end: finished}, 60, "train      100% [======================] 3/3 steps  in 1m00s"},
		{"stopped", state{name: "train", unit: "steps", total: 4, done: 1, begun: begun, ended: begun.Add(2 * time.Second), end: stopped}, 60, "train       25% [===>          ] 1/4 steps  stopped after 2s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.s.row(c.width, begun.Add(100*time.Second))
			require.Equal(t, c.want, got)
			require.LessOrEqual(t, runes(got), c.width)
		})
	}
	for width := range 130 {
		require.LessOrEqual(t, runes(training.row(width, begun.Add(time.Second))), width)
	}
}

func TestTextsOfQuantities(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.00 kB", 9_994: "9.99 kB", 9_996: "10.0 kB", 99_960: "100 kB", 999_499: "999 kB", 999_500: "1.00 MB", 530_214_112: "530 MB", 7e15: "7000 TB"} {
		require.Equal(t, want, bytesText(n))
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		require.Equal(t, want, grouped(n))
	}
	for d, want := range map[time.Duration]string{
		0: "0s", 12 * time.Millisecond: "12ms", 59600 * time.Millisecond: "1m00s", 221 * time.Second: "3m41s", 125 * time.Minute: "2h05m", 76 * time.Hour: "3d04h", -time.Second: "long",
	} {
		require.Equal(t, want, duration(d))
	}
}

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time       { return c.at }
func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }
func newClock() *clock                { return &clock{begun} }
func lines(b *bytes.Buffer) (l []string) {
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

func TestLinesComeAtTenthsAndEveryMinute(t *testing.T) {
	var out bytes.Buffer
	c := newClock()
	d := newDisplay(&out, Lines, c.now)
	task := d.Task("train", 100, "steps")
	for i := range 60 {
		c.pass(2 * time.Second)
		if i == 25 {
			d.Printf("eval_loss %.2f", 0.5)
		}
		task.Note("loss 1")
		task.Add(1)
	}
	for range 3 { // stands still
		c.pass(40 * time.Second)
		task.Note("waiting")
	}
	task.Done()
	task.Add(1) // over: no effect
	require.Equal(t, []string{
		"train: 10/100 steps (10%), loss 1, 3m00s left",
		"train: 20/100 steps (20%), loss 1, 2m40s left",
		"eval_loss 0.50",
		"train: 30/100 steps (30%), loss 1, 2m20s left",
		"train: 40/100 steps (40%), loss 1, 2m00s left",
		"train: 50/100 steps (50%), loss 1, 1m40s left",
		"train: 60/100 steps (60%), loss 1, 1m20s left",
		"train: 60/100 steps (60%), waiting, 2m13s left",
		"train: 60/100 steps (60%), waiting, in 4m00s",
	}, lines(&out))
}

func TestAFastTaskPrintsFewLines(t *testing.T) {
	var out bytes.Buffer
	c := newClock()
	task := newDisplay(&out, Lines, c.now).Task("read", 1000, Bytes)
	n, err := io.Copy(io.Discard, task.Reader(strings.NewReader(strings.Repeat("x", 1000))))
	require.NoError(t, err)
	require.EqualValues(t, 1000, n)
	c.pass(time.Second)
	task.Done()
	require.Equal(t, []string{"read: 1.00 kB of 1.00 kB (100%), in 1s"}, lines(&out))
}

func TestCloseStopsWhatIsOpen(t *testing.T) {
	var out bytes.Buffer
	c := newClock()
	d := newDisplay(&out, Lines, c.now)
	task := d.Task("train", 0, "steps")
	task.SetTotal(10)
	task.Resume(4)
	c.pass(5 * time.Second)
	d.Close()
	d.Close()
	require.Equal(t, []string{"train: 4/10 steps (40%), stopped after 5s"}, lines(&out))
}

func TestSilentPrintsOnlyWhatIsSaid(t *testing.T) {
	var out bytes.Buffer
	d := New(&out, Silent)
	task := d.Task("train", 10, "steps")
	task.Set(10)
	task.Done()
	d.Printf("saved\n")
	d.Close()
	require.Equal(t, "saved\n", out.String())
}

func TestBarsShowEveryTaskAndTextsAboveThem(t *testing.T) {
	var out lockedBuffer
	d := newDisplay(&out, Bars, time.Now)
	steps, bytes := d.Task("train", 20, "steps"), d.Task("data", 1<<20, Bytes)
	d.Printf("hello")
	steps.Note("loss 0.5")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 5 {
				steps.Add(1)
				bytes.Add(1 << 10)
				d.Printf("line")
			}
		})
	}
	group.Wait()
	steps.Done()
	d.Close()
	d.Printf("after")
	require.Nil(t, d.Task("late", 1, "steps"))
	text := out.String()
	require.Contains(t, text, "hello\n")
	require.Equal(t, 20, strings.Count(text, "line\n"))
	require.Regexp(t, `train      100% \[=+\] 20/20 steps  loss 0.5  in \d`, text)
	require.Contains(t, text, "20.5 kB of 1.05 MB  stopped after ")
	require.True(t, strings.HasSuffix(text, "after\n"))
}

func TestNobodyLooking(t *testing.T) {
	var d *Display
	task := d.Task("train", 10, "steps")
	require.Nil(t, task)
	task.Add(1)
	task.Note("x")
	task.Done()
	_, err := io.ReadAll(task.Reader(strings.NewReader("x")))
	require.NoError(t, err)
	d.Printf("x")
	d.Close()
}

func TestAFileIsNoTerminal(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/log")
	require.NoError(t, err)
	defer file.Close()
	require.Equal(t, Lines, New(file, Auto).mode)
	require.Equal(t, Lines, New(&bytes.Buffer{}, Auto).mode)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
