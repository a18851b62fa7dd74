package generate_test

import (
	"context"
	"fmt"
	"log"
	"testing"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/generate/grammar"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/tokenizer"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// storyteller is a model of 260,000 weights that knows children's stories.
const storyteller = "../testdata/stories260k"

func Example() {
	ctx := context.Background()
	m, err := llama.Load(ctx, storyteller, llama.LoadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Free()
	t, err := tokenizer.Load(storyteller)
	if err != nil {
		log.Fatal(err)
	}
	g := &generate.Generator{Model: m, Tokenizer: t}
	defer g.Close()

	prompt, err := t.EncodeIDs("Once upon a time", tokenizer.EncodeOptions{})
	if err != nil {
		log.Fatal(err)
	}
	r, err := g.Generate(ctx, generate.Request{Prompt: prompt, Options: generate.Options{MaxNewTokens: 80, StopStrings: []string{"."}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q, ended by a %s\n", r.Text, r.Reason)
	// Output: ", there was a little girl named Lily", ended by a stop string
}

// With a grammar the text is JSON of a schema, whatever the model is drawn to.
func ExampleNewGrammar() {
	ctx := context.Background()
	m, err := llama.Load(ctx, storyteller, llama.LoadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Free()
	t, err := tokenizer.Load(storyteller)
	if err != nil {
		log.Fatal(err)
	}
	g := &generate.Generator{Model: m, Tokenizer: t}
	defer g.Close()

	schema := `{"type": "object", "properties": {"animal": {"enum": ["cat", "dragon"]}, "color": {"const": "red"}}, "required": ["animal", "color"]}`
	compiled, err := grammar.Compile([]byte(schema), grammar.Options{Compact: true})
	if err != nil {
		log.Fatal(err)
	}
	o := generate.Options{MaxNewTokens: 60}
	if o.Grammar, err = generate.NewGrammar(compiled, t, m.Config.VocabSize); err != nil {
		log.Fatal(err)
	}
	prompt, err := t.EncodeIDs("The little girl had a cat. The cat", tokenizer.EncodeOptions{})
	if err != nil {
		log.Fatal(err)
	}
	r, err := g.Generate(ctx, generate.Request{Prompt: prompt, Options: o})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Text)
	fmt.Println(r.Reason)
	// Output:
	// {"animal":"cat","color":"red"}
	// complete
}
