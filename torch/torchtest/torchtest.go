// Package torchtest is for the tests of this module that compute on libtorch: they skip where the library was not set up,
// look for leaked tensors, and compare numbers by their distance.
package torchtest

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/ajolote-ai/ajolote/torch"
)

// Need skips the test when libtorch cannot be loaded. Where the environment variable CI is set, as it is on servers that
// run tests, it fails instead: a suite that tests nothing must not pass there.
func Need(t testing.TB) {
	t.Helper()
	err := torch.Load()
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("libtorch is needed where CI is set: %v", err)
	default:
		t.Skipf("libtorch is not set up: %v", err)
	}
}

// NoLeaks fails the test at its end, after the cleanups that it registers from here on, when more tensors are alive than
// now. The garbage collector gets no chance to help: every scope must have been closed, every long-lived tensor freed.
// Tests that run in parallel with others cannot use it.
func NoLeaks(t testing.TB) {
	t.Helper()
	before := settled()
	t.Cleanup(func() {
		if after := torch.LiveTensors(); after > before {
			t.Errorf("%d tensors were alive at the start of the test, %d are at its end", before, after)
		}
	})
}

// settled counts the live tensors once the collector has freed what earlier tests forgot.
func settled() int {
	n := torch.LiveTensors()
	for range 100 {
		runtime.GC() // queues the cleanups, which run on a goroutine of their own
		time.Sleep(time.Millisecond)
		now := torch.LiveTensors()
		if now == n {
			break
		}
		n = now
	}
	return n
}

// Close fails the test when got differs from want by more than tolerance times want's largest absolute value, anywhere.
// NaN and infinities must stand at the same places. An all-zero want is compared with tolerance itself. The message, a
// format with its arguments, says what was compared.
func Close[E float32 | float64](t testing.TB, want, got []E, tolerance float64, message ...any) {
	t.Helper()
	if why := Distance(want, got, tolerance); why != "" {
		t.Errorf("%s%s", prefix(message), why)
	}
}

// Distance says how got fails [Close], or nothing when it does not.
func Distance[E float32 | float64](want, got []E, tolerance float64) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%d numbers are wanted, there are %d", len(want), len(got))
	}
	largest, worst, place := 0.0, 0.0, -1
	for i := range want {
		w, g := float64(want[i]), float64(got[i])
		if special(w) || special(g) {
			if w != g && !(math.IsNaN(w) && math.IsNaN(g)) {
				return fmt.Sprintf("at %d: want %g, got %g", i, w, g)
			}
			continue
		}
		largest = max(largest, math.Abs(w))
		if d := math.Abs(w - g); d > worst {
			worst, place = d, i
		}
	}
	if largest == 0 {
		largest = 1
	}
	if worst <= tolerance*largest {
		return ""
	}
	return fmt.Sprintf("at %d: want %g, got %g: off by %.3g of the largest value %.6g, allowed is %.3g",
		place, float64(want[place]), float64(got[place]), worst/largest, largest, tolerance)
}

func special(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

func prefix(message []any) string {
	if len(message) == 0 {
		return ""
	}
	return fmt.Sprintf(message[0].(string), message[1:]...) + ": "
}
