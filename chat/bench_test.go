package chat_test

import (
	"strings"
	"testing"

	"github.com/ajolote-ai/ajolote/chat"
)

// BenchmarkApply renders one training example of the query parser's kind: a
// long system prompt, a question, a JSON answer.
func BenchmarkApply(b *testing.B) {
	messages := []chat.Message{
		{Role: "system", Content: strings.Repeat("Extreu els filtres de la consulta i torna un JSON. ", 80)},
		{Role: "user", Content: "Projectes sobre aigua a Girona des de 2020"},
		{Role: "assistant", Content: `{"semantic_query": "aigua", "filters": {"location": "Girona", "year_from": 2020}}`},
	}
	for _, name := range []string{"chatml", "qwen3", "llama3"} {
		t := template(b, name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := t.Apply(messages, chat.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/turns", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := t.ApplyTurns(messages, chat.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
