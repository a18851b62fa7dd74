package salamandra_test

import (
	"flag"
	"os"
	"testing"

	"github.com/ajolote-ai/ajolote/torch"
)

// Examples cannot skip themselves: without the library only the tests run, which can, and the examples that need none.
func TestMain(m *testing.M) {
	flag.Parse()
	run := flag.Lookup("test.run")
	if torch.Load() != nil && os.Getenv("CI") == "" && run.Value.String() == "" {
		_ = run.Value.Set("^Test|^ExampleP")
	}
	os.Exit(m.Run())
}
