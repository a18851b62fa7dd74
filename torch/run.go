package torch

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/ajolote-ai/ajolote/internal/ctorch"
)

// OpenMP, which libtorch's own loops use, keeps a team of threads for every system thread that ever ran a loop, and sleeps at
// the end of each once all teams together have more threads than there are cores. Go moves goroutines between system threads
// as it likes. So jobs run on system threads of their own, of which the last one used is used again: as long as one job runs
// at a time there is one team.

// Run calls f on a system thread that is kept for such jobs, waits for it, and turns a panic of this package into an error.
// What needs one thread (gradients) has it for all of f, and loops over tensors are cheaper than on a changing one. Jobs of
// several tensors' lifetime (a training run, a request) run whole inside one Run. A Run inside f stays on f's thread; Runs of
// several goroutines have a thread each.
//
// Another panic of f goes on as a [Panic] that holds the stack it came from; runtime.Goexit (a test's FailNow) ends the
// caller as well.
func Run(f func() error) (err error) {
	if ctorch.ThreadKept() {
		defer Catch(&err)
		return f()
	}
	j := &job{f: f, done: make(chan struct{})}
	handOver(j)
	<-j.done
	switch j.end {
	case panicked:
		panic(j.panic)
	case exited:
		runtime.Goexit()
	}
	return j.err
}

// Panic is what a panic of f becomes as it leaves [Run], unless it is an [*Error].
type Panic struct {
	Value any
	Stack []byte // where it began
}

func (p *Panic) Error() string { return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack) }

func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

type job struct {
	f     func() error
	done  chan struct{}
	err   error
	panic *Panic
	end   ending
}

type ending int

const (
	exited ending = iota // until f has come back
	returned
	panicked
)

// do calls f, whatever becomes of it.
func (j *job) do() {
	defer func() {
		switch r := recover().(type) {
		case nil: // f has come back, or it exited
		case *Error:
			j.err, j.end = r, returned
		case *Panic: // of a job that f waited for
			j.panic, j.end = r, panicked
		default:
			j.panic, j.end = &Panic{Value: r, Stack: debug.Stack()}, panicked
		}
	}()
	j.err = j.f()
	j.end = returned
}

// waiting is the thread that waits for a job, if one does. Threads that find another one waiting end, and their teams with them.
var waiting struct {
	sync.Mutex
	jobs chan *job
}

// handOver gives j to the thread that waits, or to a new one.
func handOver(j *job) {
	waiting.Lock()
	jobs := waiting.jobs
	waiting.jobs = nil
	waiting.Unlock()
	if jobs == nil {
		jobs = make(chan *job, 1)
		go serve(jobs)
	}
	jobs <- j
}

func serve(jobs chan *job) {
	runtime.LockOSThread() // for good: the thread ends with the goroutine
	ctorch.KeepThread()
	for work(<-jobs, jobs) {
	}
}

// work does j and says whether the thread goes on waiting. It waits before j's caller goes on, so that jobs one after the
// other have the same thread.
func work(j *job, jobs chan *job) (wait bool) {
	defer close(j.done) // also when f leaves by Goexit, which ends this thread
	j.do()
	waiting.Lock()
	defer waiting.Unlock()
	if waiting.jobs == nil {
		waiting.jobs, wait = jobs, true
	}
	return wait
}
