// Package librarytest is for tests that need libtorch: they skip where it is not set up, and fail where CI says that it
// must be.
package librarytest

import (
	"os"
	"testing"

	"github.com/ajolote-ai/ajolote/internal/library"
)

// Need skips a test that needs the library where there is none, or fails it where the environment variable CI is set.
func Need(tb testing.TB) {
	tb.Helper()
	if _, err := library.Find(); err != nil {
		if inCI() {
			tb.Fatal(err)
		}
		tb.Skip(err)
	}
}

func inCI() bool {
	ci := os.Getenv("CI")
	return ci != "" && ci != "false" && ci != "0"
}
