// Package librarytest is for tests that need libtorch: they skip where it is not set up, and fail where CI says that it
// must be.
package librarytest

import (
	"fmt"
	"os"
	"testing"

	"github.com/ajolote-ai/ajolote/internal/library"
)

// Main runs the tests of a package all of which need the library:
//
//	func TestMain(m *testing.M) { librarytest.Main(m) }
//
// Where there is none it says so and ends with success, or with failure where the environment variable CI is set.
func Main(m *testing.M) {
	if _, err := library.Find(); err != nil {
		if inCI() {
			fmt.Fprintln(os.Stderr, "FAIL:", err)
			os.Exit(1)
		}
		fmt.Fprintln(os.Stderr, "SKIP all tests of this package:", err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

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
