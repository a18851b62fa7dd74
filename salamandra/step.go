package salamandra

import (
	"context"
	"fmt"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/train"
)

// Ignore is the label of a token that does not count in the loss.
const Ignore = -100

// Tokenized is one example as the model sees it.
type Tokenized struct {
	ID     string  // for messages
	IDs    []int32 // tokens
	Labels []int32 // of each token: itself where the model is to learn it, else [Ignore]
}

// minSharing is how many times fewer tokens a shared prefix must make worth its bookkeeping.
const minSharing = 1.3

// Stepper adds the gradients of a step's examples. All of them together share one pass over their common prefix; what
// follows it goes through in flat micro-batches without padding. The loss is the mean over the labelled tokens of the step,
// so neither sharing nor the split into micro-batches changes it.
type Stepper struct {
	Trainer     *llama.Trainer
	SharePrefix bool
	MicroTokens int // tokens that go through the model at once, at least one example; 0 for 2048
}

// Step computes one step. Inside [torch.Run] only.
func (t *Stepper) Step(ctx context.Context, batch []Tokenized) (result train.StepResult, err error) {
	if result.Labels = labelled(batch); result.Labels == 0 {
		return result, fmt.Errorf("salamandra: no token of examples %s counts in the loss", ids(batch))
	}
	s := torch.NewScope("step")
	defer s.Close()
	clock := &t.Trainer.Model.Clock
	clock.Row = 0
	weight := 1 / float64(result.Labels)

	var prefix *llama.SharedPrefix
	shared := t.shared(batch)
	if shared > 0 {
		prefix = t.Trainer.Start(s, batch[0].IDs[:shared], prefixTargets(batch, shared, weight))
		result.Loss += prefix.Loss
		clock.Row = shared
		result.Tokens += shared
	}
	for len(batch) > 0 {
		if err := ctx.Err(); err != nil {
			return result, err
		}
		n := t.fitting(batch, shared)
		rows, targets := flatten(batch[:n], shared, weight)
		batch = batch[n:]
		if len(targets.Rows) == 0 {
			continue
		}
		if prefix != nil {
			rows.Prefix = &prefix.Prefix
		}
		result.Loss += t.Trainer.Step(s, rows, targets)
		clock.Row += len(rows.IDs)
		result.Tokens += len(rows.IDs)
	}
	if prefix != nil {
		clock.Row = 0
		prefix.Backward()
	}
	return result, nil
}

// Work counts what a step on batch computes. It needs no Trainer.
func (t *Stepper) Work(batch []Tokenized) llama.Work { return workBehind(batch, t.shared(batch)) }

// workBehind counts what a step computes whose examples share a pass over their first tokens.
func workBehind(batch []Tokenized, shared int) llama.Work {
	w := llama.Work{Tokens: shared, Pairs: shared * (shared + 1) / 2, Labels: labelled(batch)}
	for _, e := range batch {
		own := max(0, len(e.IDs)-1-shared) // nothing is behind the last token
		w.Tokens += own
		w.Pairs += own*shared + own*(own+1)/2
	}
	return w
}

// labelled counts the tokens that count in the loss.
func labelled(batch []Tokenized) (n int) {
	for _, e := range batch {
		for _, label := range e.Labels[min(1, len(e.Labels)):] { // nothing predicts the first token
			if label != Ignore {
				n++
			}
		}
	}
	return n
}

// shared is how many tokens the examples' passes share.
func (t *Stepper) shared(batch []Tokenized) int {
	if !t.SharePrefix {
		return 0
	}
	return sharedPrefix(batch)
}

// fitting counts the examples at the head of batch that fit a micro-batch.
func (t *Stepper) fitting(batch []Tokenized, shared int) int {
	budget := t.MicroTokens
	if budget == 0 {
		budget = 2048
	}
	n := 0
	for n < len(batch) {
		budget -= len(batch[n].IDs) - shared
		if budget < 0 && n > 0 {
			break
		}
		n++
	}
	return n
}

// flatten lays examples behind their shared prefix end to end. The last token of each predicts nothing and is left out.
func flatten(batch []Tokenized, shared int, weight float64) (llama.Rows, llama.Targets) {
	rows, targets := llama.Rows{Bounds: []int{0}}, llama.Targets{Weight: weight}
	for _, e := range batch {
		for i := shared; i+1 < len(e.IDs); i++ {
			if label := e.Labels[i+1]; label != Ignore {
				targets.Rows = append(targets.Rows, len(rows.IDs))
				targets.Words = append(targets.Words, label)
			}
			rows.IDs = append(rows.IDs, e.IDs[i])
		}
		rows.Bounds = append(rows.Bounds, len(rows.IDs))
	}
	return rows, targets
}

// sharedPrefix is the length of the prefix that the examples' passes share; 0 when it is not worth sharing. What its tokens
// predict is the same in all examples: tokens and labels are common up to the one behind it, or that one has no label, and every
// example has a token behind it that is its own.
func sharedPrefix(batch []Tokenized) int {
	if len(batch) < 2 {
		return 0
	}
	first := batch[0]
	n, total := len(first.IDs), 0
	for _, e := range batch {
		n = min(n, common(first.IDs, e.IDs), len(e.IDs)-2)
		total += len(e.IDs)
	}
	labelled := false // the token behind it
	for _, e := range batch {
		for i := 1; i < n; i++ {
			if e.Labels[i] != first.Labels[i] {
				n = i
			}
		}
	}
	for _, e := range batch {
		labelled = labelled || e.Labels[max(n, 0)] != Ignore
	}
	if labelled {
		n--
	}
	if n <= 0 || float64(total) < minSharing*float64(total-n*(len(batch)-1)) {
		return 0
	}
	return n
}

// prefixTargets are the labels inside the shared prefix, each of which counts once for every example.
func prefixTargets(batch []Tokenized, shared int, weight float64) llama.Targets {
	targets := llama.Targets{Weight: weight * float64(len(batch))}
	for i := range shared {
		if label := batch[0].Labels[i+1]; label != Ignore {
			targets.Rows, targets.Words = append(targets.Rows, i), append(targets.Words, label)
		}
	}
	return targets
}

func common(a, b []int32) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func ids(batch []Tokenized) []string {
	list := make([]string, len(batch))
	for i, e := range batch {
		list[i] = e.ID
	}
	return list
}
