package salamandra

import (
	"context"
	"fmt"

	"github.com/ajolote-ai/ajolote/chat"
	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/generate/grammar"
	"github.com/ajolote-ai/ajolote/hub"
	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/tokenizer"
	"github.com/ajolote-ai/ajolote/torch"
)

// WriterOptions say how a [Writer] is loaded. The zero value is fine.
type WriterOptions struct {
	Adapter  string // folder of an adapter to put on the model; "" for none
	Load4Bit bool   // hold the linear layers in NF4, double-quantised
	// Compute is the type of the matrix products; 0 for float32.
	Compute torch.DType
	Copies  *llama.Copies // keeps what Load4Bit quantises for the next start; nil to quantise each time

	Loading func(done, total int64) // told the bytes of the model that are read; nil for nobody
}

// Writer continues texts with a model, whatever they are about. It is safe for many goroutines.
type Writer struct {
	model     *llama.Model
	adapter   *lora.Adapter
	tokenizer *tokenizer.Tokenizer
	template  *chat.Template
	generator *generate.Generator
	stop      []int32
}

// LoadWriter loads a model directory, or a hub name. Free the writer with [Writer.Close].
func LoadWriter(ctx context.Context, model string, o WriterOptions) (w *Writer, err error) {
	dir, err := hub.Fetch(ctx, hub.Request{Name: model, Allow: hub.ModelFiles()})
	if err != nil {
		return nil, err
	}
	w = &Writer{}
	defer func() {
		if err != nil {
			w.Close()
			w = nil
		}
	}()
	if w.tokenizer, err = tokenizer.Load(dir); err != nil {
		return w, err
	}
	if w.template, err = chat.Load(dir); err != nil {
		return w, err
	}
	w.model, err = llama.Load(ctx, dir, llama.LoadOptions{
		Load4Bit: o.Load4Bit, DoubleQuant: true, Compute: o.Compute, Copies: o.Copies, Progress: o.Loading,
	})
	if err != nil {
		return w, err
	}
	if o.Adapter != "" {
		if w.adapter, err = lora.Load(w.model, o.Adapter, &w.model.Clock); err != nil {
			return w, err
		}
	}
	w.generator = &generate.Generator{Model: w.model, Tokenizer: w.tokenizer}
	stops, err := llama.GenerationStops(dir)
	for _, id := range append(stops, w.model.Config.EOS...) {
		w.stop = append(w.stop, int32(id))
	}
	return w, err
}

// Grammar puts a grammar over the model's words, for [generate.Options].
func (w *Writer) Grammar(g *grammar.Grammar) (*generate.Grammar, error) {
	return generate.NewGrammar(g, w.tokenizer, w.model.Config.VocabSize)
}

// Write goes on with a text, or, as a chat, answers it as the message of a user. The end tokens of the model are added to
// those of the options. stream, unless nil, gets the text as it comes.
func (w *Writer) Write(ctx context.Context, text string, asChat bool, o generate.Options, stream func(string) error) (generate.Result, error) {
	encode := tokenizer.EncodeOptions{}
	if asChat {
		var err error
		if text, err = w.template.Apply([]chat.Message{{Role: "user", Content: text}}, chat.Options{AddGenerationPrompt: true}); err != nil {
			return generate.Result{}, err
		}
		encode.WithoutSpecialTokens = true // the template has them
	}
	ids, err := w.tokenizer.EncodeIDs(text, encode)
	if err != nil {
		return generate.Result{}, fmt.Errorf("salamandra: %w", err)
	}
	o.MaxNewTokens = min(o.MaxNewTokens, max(1, w.model.Config.MaxPositions-len(ids)))
	o.StopTokens = append(append([]int32{}, w.stop...), o.StopTokens...)
	return w.generator.Generate(ctx, generate.Request{Prompt: ids, Options: o, Stream: stream})
}

// Text is a token as the vocabulary has it.
func (w *Writer) Text(token int32) string {
	text, _ := w.tokenizer.IDToToken(token)
	return text
}

// Close frees the model. No call may be under way.
func (w *Writer) Close() {
	if w == nil {
		return
	}
	if w.generator != nil {
		w.generator.Close()
	}
	if w.adapter != nil {
		w.adapter.Free()
	}
	if w.model != nil {
		w.model.Free()
	}
}
