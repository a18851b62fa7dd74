package generate

import (
	"math"
	"slices"

	"github.com/ajolote-ai/ajolote/torch"
)

// Continuous batching (Yu et al., "Orca", 2022): one goroutine computes for all calls. Before every token the sequences that
// have ended leave and waiting ones enter; a long prompt goes in by pieces while others write (Agrawal et al., "Sarathi", 2023).

// How many tokens of prompts one pass takes.
const (
	promptTokens       = 2048 // when all that are in the batch are still reading; it bounds the memory of a pass
	promptTokensBeside = 256  // when some are writing, who wait for it
)

// batch is the sequences that are computed together. It belongs to one goroutine.
type batch struct {
	g      *Generator
	active []*sequence
}

// run computes until nothing is left to do.
func (g *Generator) run() {
	b := &batch{g: g}
	_ = torch.Run(func() error {
		torch.NoGrad(func() {
			for b.turn() {
			}
		})
		return nil // what fails in a turn is told to those whom it concerns
	})
}

// turn does what is to be done between two tokens, then computes one more for every sequence. It is false when there was
// nothing to do.
func (b *batch) turn() bool {
	jobs, more := b.prepare()
	for _, job := range jobs {
		job()
	}
	b.deal()
	for _, group := range b.groups() {
		if err := b.try(group); err != nil {
			for _, s := range group {
				s.end(s.result(Failed, err))
			}
		}
	}
	return more
}

func (b *batch) try(group []*sequence) (err error) {
	defer torch.Catch(&err)
	b.stepGroup(group)
	return nil
}

// deal decides which of the tokens that a sequence has not seen go into the next pass.
func (b *batch) deal() {
	room := promptTokens
	switch {
	case b.g.alone():
		room = math.MaxInt
	case slices.ContainsFunc(b.active, func(s *sequence) bool { return !s.reading }):
		room = promptTokensBeside
	}
	for _, s := range b.active {
		n := len(s.pending)
		if s.reading {
			n = min(n, room)
			room -= n
		}
		s.now = s.pending[:n]
	}
}

// groups are the sequences of a pass, those together that continue the same prefix.
func (b *batch) groups() [][]*sequence {
	var groups [][]*sequence
	for _, s := range b.active {
		if len(s.now) == 0 {
			continue
		}
		i := slices.IndexFunc(groups, func(g []*sequence) bool { return g[0].prefix == s.prefix })
		if i < 0 {
			i = len(groups)
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], s)
	}
	return groups
}

// prepare lets sequences leave and enter.
func (b *batch) prepare() (jobs []func(), more bool) {
	q := &b.g.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	jobs, q.jobs = q.jobs, nil
	b.dismiss()
	if len(jobs) == 0 { // a job may change the prefix that the next ones begin with
		b.admit()
	}
	q.running = len(jobs) > 0 || len(b.active) > 0
	return jobs, q.running
}

// dismiss lets those go that have ended, or that nobody waits for any more. The queue is locked.
func (b *batch) dismiss() {
	q := &b.g.queue
	b.active = slices.DeleteFunc(b.active, func(s *sequence) bool {
		if s.refused != nil && !s.ended {
			s.end(s.result(Failed, s.refused))
		}
		if !s.ended && !s.call.left() {
			return false
		}
		s.cache.Free()
		s.kept.leave()
		q.bytes -= b.g.Model.CacheBytes(s.capacity())
		q.working--
		s.call.inside--
		s.call.post(event{s, "", true})
		return true
	})
}

// admit lets waiting sequences in while there is room for them, the calls taking turns. The one whose turn it is waits until
// it fits, so that small ones do not overtake it for ever. The queue is locked.
func (b *batch) admit() {
	q := &b.g.queue
	for len(q.calls) > 0 && len(b.active) < b.g.maxBatch() {
		c := q.calls[0]
		if c.left() {
			q.calls = q.calls[1:]
			continue
		}
		s := c.waiting[0]
		s.kept = b.g.prefix.of(s.Prompt)
		if need := b.g.Model.CacheBytes(s.capacity()); len(b.active) > 0 && q.bytes+need > b.g.cacheBytes() {
			return
		}
		if err := b.enter(s); err != nil {
			s.end(s.result(Failed, err))
			c.post(event{s, "", true})
		}
		q.calls = q.calls[1:]
		if c.waiting = c.waiting[1:]; len(c.waiting) > 0 {
			q.calls = append(q.calls, c)
		}
	}
}

// enter takes a sequence into the batch.
func (b *batch) enter(s *sequence) (err error) {
	defer torch.Catch(&err)
	s.cache = b.g.Model.NewCache(nil, s.capacity())
	if s.kept != nil {
		s.prefix, s.pending = s.kept.kv, s.pending[len(s.kept.ids):]
		s.kept.users++
	}
	b.active = append(b.active, s)
	b.g.queue.bytes += b.g.Model.CacheBytes(s.capacity())
	b.g.queue.working++
	s.call.inside++
	return nil
}
