package torchtest

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/ajolote-ai/ajolote/torch"
)

// Main runs the tests of a package with examples that compute. Examples cannot skip themselves as tests can: where libtorch
// cannot be loaded they are left out, all but those whose names begin with one of pure; where CI is set, or -run chooses, nothing is.
//
//	func TestMain(m *testing.M) { torchtest.Main(m) }
func Main(m *testing.M, pure ...string) {
	flag.Parse()
	run := flag.Lookup("test.run")
	if torch.Load() != nil && os.Getenv("CI") == "" && run.Value.String() == "" {
		_ = run.Value.Set("^(" + strings.Join(append([]string{"Test", "Fuzz"}, pure...), "|") + ")")
	}
	os.Exit(m.Run())
}
