package salamandra

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/chat"
	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/generate/grammar"
	"github.com/ajolote-ai/ajolote/hub"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/query"
	"github.com/ajolote-ai/ajolote/tokenizer"
	"github.com/ajolote-ai/ajolote/torch"
)

// ParserOptions say how a parser is loaded and how it writes. The zero value is fine.
type ParserOptions struct {
	Adapter     string // folder of an adapter to put on the model; "" for none
	Load4Bit    bool   // hold the linear layers in NF4
	DoubleQuant bool   // with Load4Bit: quantise the scales too, as training does
	// QuantizeEmbeddings, with Load4Bit, holds embedding and head in NF4 too: less memory, faster, less exact.
	QuantizeEmbeddings bool
	// Compute is the type of the matrix products; 0 for float32. BFloat16 is faster on processors that have it, and less exact.
	Compute torch.DType

	// Prompt is the system prompt; "" takes the one that training stored beside the adapter or the model.
	Prompt string
	// MaxNewTokens limits an answer; 0 for 1024.
	MaxNewTokens int
	// Temperature of sampling; 0 takes the likeliest token.
	Temperature float64
	Seed        uint64
	// MaxBatch is how many queries are decoded together, of all calls; 0 for 32.
	MaxBatch int
	// CacheBytes limits the memory of the keys and values of the queries at work, the prompt's not counted; those that do not
	// fit wait. 0 for 2 GiB.
	CacheBytes int64
	// CacheType is the type of keys and values in memory; 0 for Compute. See [llama.Model].
	CacheType torch.DType

	// Unconstrained lets the model write what it will. Otherwise its answers are queries by construction, laid out as in
	// training: every key in its order, two spaces a level.
	Unconstrained bool
	// Schema is the JSON Schema of constrained answers; nil for that of package query. Answers of another schema have no
	// [Answer.Query].
	Schema []byte
	// Guess is how many tokens are guessed at once, at most, from the words of the question; 0 for 8, -1 for none. The
	// answers are the same.
	Guess int

	Loading func(done, total int64) // told the bytes of the model that are read; nil for nobody
	Copies  *llama.Copies           // keeps what Load4Bit quantises for the next start; nil to quantise each time
	Kept    *KeptPrompts            // keeps what the model makes of the prompt for the next start; nil to compute it each time
}

// ErrNoPrompt tells that neither the options nor the model's or adapter's folder have a system prompt.
var ErrNoPrompt = errors.New("stores no system prompt")

// Parser turns questions into queries. It is safe for many goroutines.
type Parser struct {
	speaker
	options ParserOptions
	prompt  Prompt
	grammar *generate.Grammar // nil when unconstrained
	bos     []int32
}

// LoadParser loads a model directory, or a hub name, and keeps the system prompt's keys and values for all queries. Free
// the parser with [Parser.Close].
func LoadParser(ctx context.Context, model string, o ParserOptions) (p *Parser, err error) {
	dir, err := hub.Fetch(ctx, hub.Request{Name: model, Allow: hub.ModelFiles()})
	if err != nil {
		return nil, err
	}
	p = &Parser{options: o}
	defer func() {
		if err != nil {
			p.Close()
			p = nil
		}
	}()
	if err := p.readSpeech(dir, o.Adapter); err != nil {
		return p, err
	}
	if err := p.readPrompt(speechPlaces(dir, o.Adapter)); err != nil {
		return p, err
	}
	place, err := o.Kept.place(dir, o, p.prompt.System)
	if err != nil {
		return p, err
	}
	err = p.load(ctx, dir, o.Adapter, llama.LoadOptions{
		Load4Bit: o.Load4Bit, DoubleQuant: o.DoubleQuant, QuantizeEmbeddings: o.QuantizeEmbeddings, Compute: o.Compute,
		Copies: o.Copies, Progress: o.Loading,
	}, o.CacheType)
	if err != nil {
		return p, err
	}
	p.generator.MaxBatch, p.generator.CacheBytes = o.MaxBatch, o.CacheBytes
	if err := p.stopBehindAnswers(); err != nil {
		return p, err
	}
	if !o.Unconstrained {
		if p.grammar, err = answerGrammar(o.Schema, p.tokenizer, p.model.Config.VocabSize); err != nil {
			return p, err
		}
	}
	return p, p.keepPrompt(ctx, place)
}

// answerGrammar is the grammar of answers. All keys are written, as training examples have them.
func answerGrammar(schema []byte, t *tokenizer.Tokenizer, words int) (*generate.Grammar, error) {
	if schema == nil {
		schema = query.Schema()
	}
	g, err := grammar.Compile(schema, grammar.Options{AllProperties: true})
	if err != nil {
		return nil, err
	}
	return generate.NewGrammar(g, t, words)
}

// readPrompt reads the system prompt: the options', else the adapter's, else the model's.
func (p *Parser) readPrompt(places []string) (err error) {
	for _, place := range places {
		if p.prompt == (Prompt{}) {
			if p.prompt, _, err = ReadPrompt(place); err != nil {
				return err
			}
		}
	}
	if p.options.Prompt != "" {
		p.prompt.System = p.options.Prompt
	}
	if p.prompt.System == "" {
		return fmt.Errorf("salamandra: %s %w (%s): give one", strings.Join(places, ", "), ErrNoPrompt, PromptFile)
	}
	return nil
}

// encode renders a question behind the prompt, as training saw it, up to where the answer begins.
func (p *Parser) encode(question string) ([]int32, error) {
	text, err := p.template.Apply([]chat.Message{{Role: "system", Content: p.prompt.System}, {Role: "user", Content: question}},
		chat.Options{AddGenerationPrompt: true})
	if err != nil {
		return nil, err
	}
	return p.tokenizer.AppendIDs(slices.Clone(p.bos), text, tokenizer.EncodeOptions{WithoutSpecialTokens: true})
}

// keepPrompt computes what all questions share, or reads it from its place, if there is one. It is found by comparing the
// tokens of two questions that share nothing.
func (p *Parser) keepPrompt(ctx context.Context, place *generate.PrefixFile) error {
	if p.prompt.BOS {
		if id := p.model.Config.BOS; id >= 0 {
			p.bos = []int32{int32(id)}
		}
	}
	a, err := p.encode("a")
	if err != nil {
		return err
	}
	b, err := p.encode("0")
	if err != nil {
		return err
	}
	shared := a[:common(a, b)]
	if place == nil {
		return p.generator.KeepPrefix(ctx, shared)
	}
	return p.generator.KeepPrefixIn(ctx, shared, *place)
}

// Answer is what became of one question.
type Answer struct {
	Query  *query.Query // nil when Err is not
	Raw    string       // the model's text
	Tokens int          // that it wrote
	Cut    bool         // it reached the limit of tokens; a constrained answer was then closed with as little as it took
	Err    error        // the text is no JSON, or not of the schema; or the question was not answered
	Failed bool         // the model did not answer at all, as with a question that it has no positions for
}

// Parse turns a question into a query. The error is that of [Answer].
func (p *Parser) Parse(ctx context.Context, question string) (*query.Query, error) {
	answers, err := p.ParseBatch(ctx, []string{question}, nil)
	if err != nil {
		return nil, err
	}
	if a := answers[0]; a.Err != nil || a.Query != nil {
		return a.Query, a.Err
	}
	return nil, errors.New("salamandra: Parse is for the schema of queries: with a schema of your own, read the text of ParseBatch")
}

// ParseBatch parses questions, several at once, and returns the answers in their order. each, unless nil, gets every answer as
// soon as it is there. An answer that is no query is an error of that answer alone.
func (p *Parser) ParseBatch(ctx context.Context, questions []string, each func(i int, a Answer)) ([]Answer, error) {
	requests := make([]generate.Request, len(questions))
	answers := make([]Answer, len(questions))
	for i, q := range questions {
		ids, err := p.encode(q)
		if err != nil {
			return nil, fmt.Errorf("salamandra: question %d: %w", i+1, err)
		}
		words, err := p.tokenizer.EncodeIDs(q, tokenizer.EncodeOptions{WithoutSpecialTokens: true})
		if err != nil {
			return nil, fmt.Errorf("salamandra: question %d: %w", i+1, err)
		}
		requests[i] = generate.Request{Prompt: ids, Words: words, Options: generate.Options{
			MaxNewTokens: p.maxNewTokens(len(ids)), StopTokens: p.stop, Temperature: p.options.Temperature, Seed: p.options.Seed + uint64(i),
			Grammar: p.grammar, Guess: p.guess(),
		}}
	}
	_, err := p.generator.GenerateAll(ctx, requests, func(i int, r generate.Result) {
		answers[i] = p.answer(r)
		if each != nil {
			each(i, answers[i])
		}
	})
	return answers, err
}

func (p *Parser) guess() int {
	switch {
	case p.options.Guess == 0:
		return 8
	case p.options.Guess < 0:
		return 0
	}
	return p.options.Guess
}

// maxNewTokens is the limit, or what the model has positions for.
func (p *Parser) maxNewTokens(prompt int) int {
	limit := p.options.MaxNewTokens
	if limit == 0 {
		limit = min(1024, max(1, p.model.Config.MaxPositions-prompt))
	}
	return limit
}

func (p *Parser) answer(r generate.Result) Answer {
	a := Answer{Raw: strings.TrimSpace(r.Text), Tokens: len(r.Tokens), Cut: r.Reason == generate.Length, Err: r.Err, Failed: r.Err != nil}
	if a.Err == nil && (p.options.Unconstrained || p.options.Schema == nil) {
		a.Query, a.Err = query.Parse(a.Raw)
	}
	return a
}

// Close frees the model. No call may be under way.
func (p *Parser) Close() {
	if p != nil {
		p.close()
	}
}
