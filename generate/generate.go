// Package generate continues token sequences with a causal language model: greedy or sampled, several at once, each leaving
// the batch when it ends and the next one entering (continuous batching; Yu et al., "Orca", 2022).
package generate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/tokenizer"
	"github.com/ajolote-ai/ajolote/torch"
)

// Generator continues prompts. It is safe for many goroutines; their calls take turns on the model.
type Generator struct {
	Model     *llama.Model
	Tokenizer *tokenizer.Tokenizer // decodes; needed for text, stop strings and streams
	// MaxBatch is how many sequences are decoded together; 0 for 16.
	MaxBatch int
	// CacheBytes limits the memory of the keys and values of all sequences at work; 0 for 2 GiB.
	CacheBytes int64

	turn   sync.Mutex // one call computes at a time
	prefix keptPrefix
}

// Request is a prompt and what becomes of it.
type Request struct {
	Prompt []int32
	Options
	// Stream gets the text as it comes, never half a character; nil for nobody. An error from it ends this request.
	Stream func(text string) error
}

// Reason is why a sequence ended.
type Reason string

// The reasons.
const (
	StopToken  Reason = "stop token"  // the model wrote one of Options.StopTokens
	StopString Reason = "stop string" // its text came to one of Options.StopStrings
	Length     Reason = "length"      // MaxNewTokens were reached
	Failed     Reason = "failed"      // see Result.Err
)

// Result is what the model wrote.
type Result struct {
	Tokens   []int32   // without the stop token
	Text     string    // decoded without special tokens, up to a stop string
	LogProbs []float32 // of each token, the natural logarithm, when Options.LogProbs asks for them
	Reason   Reason
	Err      error
}

// Generate continues one prompt.
func (g *Generator) Generate(ctx context.Context, r Request) (Result, error) {
	results, err := g.GenerateAll(ctx, []Request{r}, nil)
	if err != nil {
		return Result{}, err
	}
	return results[0], results[0].Err
}

// GenerateAll continues prompts, each as if it were alone, and returns the results in their order. each, unless nil, is told
// of a result as soon as it is there, in the order in which sequences end. A prompt that cannot be continued fails alone, in
// its result; the error is of ctx or of the library.
func (g *Generator) GenerateAll(ctx context.Context, requests []Request, each func(i int, r Result)) ([]Result, error) {
	g.turn.Lock()
	defer g.turn.Unlock()
	b := &batch{g: g, results: make([]Result, len(requests)), each: each}
	for i, r := range requests {
		if err := g.check(r); err != nil {
			b.end(i, Result{Reason: Failed, Err: err})
			continue
		}
		b.waiting = append(b.waiting, newSequence(g, i, r))
	}
	err := torch.Run(func() (err error) {
		torch.NoGrad(func() { err = b.run(ctx) })
		return err
	})
	return b.results, err
}

func (g *Generator) check(r Request) error {
	if err := r.Options.validate(); err != nil {
		return err
	}
	if err := (llama.Rows{IDs: r.Prompt}).Validate(g.Model.Config); err != nil {
		return err
	}
	if len(r.StopStrings) > 0 && g.Tokenizer == nil {
		return errors.New("generate: stop strings need a tokenizer")
	}
	if n, limit := len(r.Prompt)+r.MaxNewTokens, g.Model.Config.MaxPositions; n > limit {
		return fmt.Errorf("generate: the prompt has %d tokens and %d more may follow, the model has %d positions", len(r.Prompt), r.MaxNewTokens, limit)
	}
	if need := g.Model.CacheBytes(len(r.Prompt) + r.MaxNewTokens); need > g.cacheBytes() {
		return fmt.Errorf("generate: a prompt of %d tokens and %d new ones needs %d MB of keys and values, the budget is %d MB",
			len(r.Prompt), r.MaxNewTokens, need>>20, g.cacheBytes()>>20)
	}
	return nil
}

func (g *Generator) cacheBytes() int64 {
	if g.CacheBytes > 0 {
		return g.CacheBytes
	}
	return 2 << 30
}

func (g *Generator) maxBatch() int {
	if g.MaxBatch > 0 {
		return g.MaxBatch
	}
	return 16
}

// batch is the sequences of one call.
type batch struct {
	g       *Generator
	waiting []*sequence
	active  []*sequence
	bytes   int64 // of the caches of the active ones
	results []Result
	each    func(int, Result)
}

func (b *batch) end(i int, r Result) {
	b.results[i] = r
	if b.each != nil {
		b.each(i, r)
	}
}

func (b *batch) run(ctx context.Context) error {
	defer func() {
		for _, s := range b.active {
			s.cache.Free()
		}
	}()
	for len(b.waiting)+len(b.active) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.admit()
		b.step()
	}
	return nil
}

// admit lets waiting sequences in while there is room for them.
func (b *batch) admit() {
	for len(b.waiting) > 0 && len(b.active) < b.g.maxBatch() {
		s := b.waiting[0]
		need := b.g.Model.CacheBytes(s.capacity())
		if len(b.active) > 0 && b.bytes+need > b.g.cacheBytes() {
			return
		}
		s.cache = b.g.Model.NewCache(nil, s.capacity())
		b.bytes += need
		b.active = append(b.active, s)
		b.waiting = b.waiting[1:]
	}
}

// step runs the pending tokens of every active sequence through the model and picks the next token of each. Sequences that
// continue the kept prefix go together, the others too.
func (b *batch) step() {
	var with, without []*sequence
	for _, s := range b.active {
		if s.prefix != nil {
			with = append(with, s)
		} else {
			without = append(without, s)
		}
	}
	b.active = nil
	for _, group := range [][]*sequence{with, without} {
		if len(group) > 0 {
			b.stepGroup(group)
		}
	}
}

func (b *batch) stepGroup(group []*sequence) {
	scope := torch.NewScope("generate")
	defer scope.Close()
	rows := llama.Rows{Bounds: []int{0}, Prefix: group[0].prefix}
	last := make([]int64, 0, len(group))
	for _, s := range group {
		rows.IDs = append(rows.IDs, s.pending...)
		rows.Bounds = append(rows.Bounds, len(rows.IDs))
		rows.Caches = append(rows.Caches, s.cache)
		last = append(last, int64(len(rows.IDs)-1))
	}
	hidden := b.g.Model.Hidden(scope, rows)
	b.pick(group, b.g.Model.Logits(hidden.IndexSelect(0, torch.FromSlice(scope, last, len(last)))))
}

// pick chooses the next token of each sequence from logits [sequences, words], and lets those that have ended go.
func (b *batch) pick(group []*sequence, logits *torch.Tensor) {
	var best []int64
	if slices.ContainsFunc(group, func(s *sequence) bool { return s.onlyArgmax() }) {
		best = torch.ToSlice[int64](logits.Argmax(1))
	}
	for i, s := range group {
		var token int32
		var logProb float32
		if s.onlyArgmax() {
			token = int32(best[i])
		} else {
			token, logProb = s.sampler.pick(logits.Select(0, i).Floats(), s)
		}
		if r, ended := s.take(token, logProb); ended {
			b.leave(s, r)
		} else {
			b.active = append(b.active, s)
		}
	}
}

func (b *batch) leave(s *sequence, r Result) {
	b.bytes -= b.g.Model.CacheBytes(s.capacity())
	s.cache.Free()
	b.end(s.number, r)
}

// sequence is one request at work.
type sequence struct {
	Request
	number  int
	g       *Generator
	prefix  *llama.Prefix
	cache   *llama.Cache
	pending []int32 // tokens that the model has not seen yet
	tokens  []int32 // written so far
	probs   []float32
	sampler *sampler
	decoder *tokenizer.Stream
	text    strings.Builder
	told    int // bytes of text that Stream has got
}

func newSequence(g *Generator, number int, r Request) *sequence {
	s := &sequence{Request: r, number: number, g: g, pending: slices.Clone(r.Prompt)}
	s.prefix, s.pending = g.prefix.strip(s.pending)
	s.sampler = newSampler(r.Options)
	if g.Tokenizer != nil {
		s.decoder = g.Tokenizer.Stream(true)
	}
	return s
}

func (s *sequence) capacity() int {
	n := len(s.Prompt) + s.MaxNewTokens
	if s.prefix != nil {
		n -= s.prefix.Length
	}
	return n
}

// take appends a token and says whether the sequence has ended with it.
func (s *sequence) take(token int32, logProb float32) (Result, bool) {
	if slices.Contains(s.StopTokens, token) {
		return s.result(StopToken, nil), true
	}
	s.tokens = append(s.tokens, token)
	if s.LogProbs {
		s.probs = append(s.probs, logProb)
	}
	s.pending = []int32{token}
	if s.decoder != nil {
		s.text.WriteString(s.decoder.Push(token))
		if cut := s.stopString(); cut >= 0 {
			r := s.result(StopString, nil)
			r.Text = r.Text[:cut]
			return r, true
		}
		if err := s.tell(s.safe()); err != nil {
			return s.result(Failed, err), true
		}
	}
	if len(s.tokens) >= s.MaxNewTokens {
		return s.result(Length, nil), true
	}
	return Result{}, false
}

// stopString finds the first stop string in the text; -1 for none.
func (s *sequence) stopString() int {
	cut := -1
	for _, stop := range s.StopStrings {
		if at := strings.Index(s.text.String(), stop); at >= 0 && (cut < 0 || at < cut) {
			cut = at
		}
	}
	return cut
}

// safe is how much of the text cannot be the beginning of a stop string.
func (s *sequence) safe() int {
	text := s.text.String()
	safe := len(text)
	for _, stop := range s.StopStrings {
		for n := min(len(stop)-1, len(text)); n > 0; n-- {
			if strings.HasSuffix(text, stop[:n]) {
				safe = min(safe, len(text)-n)
				break
			}
		}
	}
	return safe
}

func (s *sequence) tell(upTo int) error {
	if s.Stream == nil || upTo <= s.told {
		return nil
	}
	piece := s.text.String()[s.told:upTo]
	s.told = upTo
	return s.Stream(piece)
}

func (s *sequence) result(reason Reason, err error) Result {
	if s.decoder != nil {
		s.text.WriteString(s.decoder.Flush())
	}
	r := Result{Tokens: s.tokens, Text: s.text.String(), LogProbs: s.probs, Reason: reason, Err: err}
	if err == nil {
		end := len(r.Text)
		if cut := s.stopString(); cut >= 0 {
			end = cut
		}
		if err := s.tell(end); err != nil {
			r.Reason, r.Err = Failed, err
		}
	}
	return r
}
