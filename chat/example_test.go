package chat_test

import (
	"fmt"
	"log"
	"os"

	"github.com/ajolote-ai/ajolote/chat"
)

// A conversation becomes the text that a model continues, and of a training
// example the assistant's words are known by their place.
func Example() {
	dir, err := os.MkdirTemp("", "model")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	template, err := chat.Load(dir) // a model without a template: ChatML
	if err != nil {
		log.Fatal(err)
	}

	question := []chat.Message{{Role: "system", Content: "Parse."}, {Role: "user", Content: "Projectes de 2020?"}}
	prompt, err := template.Apply(question, chat.Options{AddGenerationPrompt: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", prompt)

	example := append(question, chat.Message{Role: "assistant", Content: `{"any": 2020}`})
	rendered, err := template.ApplyTurns(example, chat.Options{})
	if err != nil {
		log.Fatal(err)
	}
	turn := rendered.Turns[2]
	fmt.Println(rendered.Text[turn.Content.Start:turn.Content.End])
	fmt.Println(rendered.Text[turn.End.Start:turn.End.End])
	// Output:
	// "<|im_start|>system\nParse.<|im_end|>\n<|im_start|>user\nProjectes de 2020?<|im_end|>\n<|im_start|>assistant\n"
	// {"any": 2020}
	// <|im_end|>
}
