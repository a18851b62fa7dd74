package grammar_test

import (
	"fmt"

	"github.com/ajolote-ai/ajolote/generate/grammar"
)

// A grammar says what must follow, what may, and how a text that is cut short is closed.
func Example() {
	g, err := grammar.Compile([]byte(`{
		"type": "object",
		"properties": {"level": {"enum": ["city", "country", null]}, "name": {"type": "string"}},
		"required": ["level", "name"]
	}`), grammar.Options{Compact: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", g.Start().Forced())
	s := g.Start().Advance([]byte(`{"level":"c`))
	fmt.Println(s.Advance([]byte("x")) == nil, s.Advance([]byte("i")) == nil)
	fmt.Printf("%s\n", s.Completion())
	// Output:
	// {"level":
	// true false
	// ity","name":""}
}
