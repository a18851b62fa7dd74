package generate

import (
	"context"
	"slices"
	"sync"
)

// queue is where calls of many goroutines meet the one that computes.
type queue struct {
	mu      sync.Mutex
	calls   []*call  // with requests that wait, in the order of their turns
	jobs    []func() // to be done between two tokens
	running bool     // the goroutine that computes

	working int // sequences in the batch
	bytes   int64
}

// call is one call of GenerateAll.
type call struct {
	ctx  context.Context
	open int // requests whose end the caller has not seen; the caller's

	// Guarded by the queue's lock:
	waiting []*sequence
	inside  int  // sequences in the batch
	gone    bool // the caller has left
	events  []event
	news    chan struct{} // holds one when there are events, or when the last sequence has left
}

// event is what the computing goroutine tells a caller: some text, or the end of a sequence.
type event struct {
	s    *sequence
	text string
	last bool
}

func newCall(ctx context.Context) *call { return &call{ctx: ctx, news: make(chan struct{}, 1)} }

// left says that nobody waits for the call's results any more.
func (c *call) left() bool { return c.gone || c.ctx.Err() != nil }

// post adds an event. The queue is locked, or the call not yet in it.
func (c *call) post(e event) {
	c.events = append(c.events, e)
	c.wake()
}

func (c *call) wake() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// enter lets a call's requests wait for their turn, and sees to it that somebody computes.
func (g *Generator) enter(c *call) {
	g.queue.mu.Lock()
	defer g.queue.mu.Unlock()
	if len(c.waiting) > 0 {
		g.queue.calls = append(g.queue.calls, c)
		g.compute()
	}
}

// compute starts the goroutine that computes, unless there is one. It ends when nothing is left to do.
func (g *Generator) compute() {
	if !g.queue.running {
		g.queue.running = true
		go g.run()
	}
}

// do runs f where the batch is computed, between two tokens.
func (g *Generator) do(f func()) {
	done := make(chan struct{})
	g.queue.mu.Lock()
	g.queue.jobs = append(g.queue.jobs, func() { defer close(done); f() })
	g.compute()
	g.queue.mu.Unlock()
	<-done
}

// next waits for events of a call.
func (g *Generator) next(c *call) ([]event, error) {
	for {
		if err := c.ctx.Err(); err != nil {
			return nil, err
		}
		g.queue.mu.Lock()
		events := c.events
		c.events = nil
		g.queue.mu.Unlock()
		if len(events) > 0 {
			return events, nil
		}
		select {
		case <-c.news:
		case <-c.ctx.Done():
		}
	}
}

// refuse ends a sequence whose text its caller does not want.
func (g *Generator) refuse(s *sequence, err error) {
	g.queue.mu.Lock()
	defer g.queue.mu.Unlock()
	s.refused = err
}

// withdraw ends a call: what waits does not enter, and what is in the batch has left it when withdraw returns.
func (g *Generator) withdraw(c *call) {
	q := &g.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	c.gone, c.waiting = true, nil
	if i := slices.Index(q.calls, c); i >= 0 {
		q.calls = slices.Delete(q.calls, i, i+1)
	}
	for c.inside > 0 {
		q.mu.Unlock()
		<-c.news
		q.mu.Lock()
	}
}

// Status is what a generator is busy with.
type Status struct {
	Working, Waiting int   // requests in the batch, and outside
	CacheBytes       int64 // reserved for the keys and values of those in the batch
}

// Status says what the generator is busy with at the moment.
func (g *Generator) Status() Status {
	q := &g.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	s := Status{Working: q.working, CacheBytes: q.bytes}
	for _, c := range q.calls {
		s.Waiting += len(c.waiting)
	}
	return s
}
