package hub_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/ajolote-ai/ajolote/hub"
)

// A folder of this machine is used as it is; "org/name" would be looked up in
// the cache and downloaded when something is missing there.
func ExampleFetch() {
	local, err := os.MkdirTemp("", "model")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(local)

	dir, err := hub.Fetch(context.Background(), hub.Request{
		Name:  local,
		Allow: hub.ModelFiles(),
		Progress: func(p hub.Progress) {
			fmt.Printf("%s: %d of %d bytes\n", p.File, p.Done, p.Total)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(dir == local)
	// Output: true
}
