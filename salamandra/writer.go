package salamandra

import (
	"context"
	"fmt"
	"slices"

	"github.com/ajolote-ai/ajolote/chat"
	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/generate/grammar"
	"github.com/ajolote-ai/ajolote/hub"
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
	// CacheType is the type of keys and values in memory; 0 for Compute. See [llama.Model].
	CacheType torch.DType

	Copies *llama.Copies // keeps what Load4Bit quantises for the next start; nil to quantise each time

	Loading func(done, total int64) // told the bytes of the model that are read; nil for nobody
}

// Writer continues texts with a model, whatever they are about. It is safe for many goroutines.
type Writer struct{ speaker }

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
	if err := w.readSpeech(dir, o.Adapter); err != nil {
		return w, err
	}
	return w, w.load(ctx, dir, o.Adapter, llama.LoadOptions{
		Load4Bit: o.Load4Bit, DoubleQuant: true, Compute: o.Compute, Copies: o.Copies, Progress: o.Loading,
	}, o.CacheType)
}

// Grammar puts a grammar over the model's words, for [generate.Options].
func (w *Writer) Grammar(g *grammar.Grammar) (*generate.Grammar, error) {
	return generate.NewGrammar(g, w.tokenizer, w.model.Config.VocabSize)
}

// Write goes on with a text, or, as a chat, answers it as the message of a user. The end tokens of the model, and
// of a chat the mark behind an answer, are added to those of the options. stream, unless nil, gets the text as it comes.
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
	o.StopTokens = slices.Concat(o.StopTokens, w.stop)
	if asChat {
		o.StopTokens = append(o.StopTokens, w.turnEnd...)
	}
	return w.generator.Generate(ctx, generate.Request{Prompt: ids, Options: o, Stream: stream})
}

// Text is a token as the vocabulary has it.
func (w *Writer) Text(token int32) string {
	text, _ := w.tokenizer.IDToToken(token)
	return text
}

// Close frees the model. No call may be under way.
func (w *Writer) Close() {
	if w != nil {
		w.close()
	}
}
