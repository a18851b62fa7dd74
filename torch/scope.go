package torch

import (
	"fmt"
	"runtime"

	"github.com/ajolote-ai/ajolote/internal/ctorch"
)

// Scope owns tensors and frees them all when it is closed. Scopes form a path: a [Scope.Child] lies inside its parent.
// A scope may be used by one goroutine at a time.
type Scope struct {
	name   string
	parent *Scope
	depth  int
	closed bool
	inner  []*Scope // the children that are open
	// owned holds the handles alone, without Go pointers, so that the safety net below can free them when the scope, and
	// with it every tensor that points to it, has become garbage without Close.
	owned *ownedHandles
	net   runtime.Cleanup
}

type ownedHandles struct {
	list []ctorch.Handle // null where a tensor was freed or moved away
	free []int           // places of list that hold null
}

func (o *ownedHandles) release() {
	if len(o.list) > 0 {
		_ = ctorch.Release(o.list) // frees; it has no way to fail
	}
	o.list, o.free = nil, nil
}

// NewScope makes a scope on a path of its own. The name appears in error messages. It panics with [*Error] when the
// library cannot be loaded.
func NewScope(name string) *Scope {
	mustLoad()
	s := &Scope{name: name, owned: new(ownedHandles)}
	s.net = runtime.AddCleanup(s, (*ownedHandles).release, s.owned)
	return s
}

// Child makes a scope inside s. Results of operands of both belong to the child. It is closed before s, or with it.
func (s *Scope) Child(name string) *Scope {
	s.mustBeOpen("Child")
	c := NewScope(name)
	c.parent, c.depth = s, s.depth+1
	s.inner = append(s.inner, c)
	return c
}

// Close frees the tensors of s and of the scopes inside it. A later use of one of them panics with [*Error]. Close may be
// called twice.
func (s *Scope) Close() {
	if s.closed {
		return
	}
	for len(s.inner) > 0 {
		s.inner[len(s.inner)-1].Close() // it leaves the list
	}
	s.closed = true
	s.net.Stop()
	s.owned.release()
	if p := s.parent; p != nil {
		i := len(p.inner) - 1 // the last one almost always
		for p.inner[i] != s {
			i--
		}
		p.inner = append(p.inner[:i], p.inner[i+1:]...)
	}
}

// Len counts the tensors that s holds.
func (s *Scope) Len() int { return len(s.owned.list) - len(s.owned.free) }

// String returns the names of the path: "run/step".
func (s *Scope) String() string {
	if s == nil {
		return "no scope"
	}
	if s.parent == nil {
		return s.name
	}
	return s.parent.String() + "/" + s.name
}

func (s *Scope) mustBeOpen(op string) {
	if s.closed {
		panic(&Error{Op: op, Msg: fmt.Sprintf("scope %q is closed", s)})
	}
}

// contains says whether inner is s or lies inside it.
func (s *Scope) contains(inner *Scope) bool {
	for inner != nil && inner.depth > s.depth {
		inner = inner.parent
	}
	return inner == s
}

// innermost returns the deeper of two scopes of one path; nil is the outside of all.
func innermost(op string, a, b *Scope) *Scope {
	switch {
	case a == b || b == nil:
		return a
	case a == nil:
		return b
	case a.contains(b):
		return b
	case b.contains(a):
		return a
	}
	panic(&Error{Op: op, Msg: fmt.Sprintf("operands belong to scopes %q and %q, neither of which lies in the other", a, b)})
}

// adopt puts t, whose handle is set, into s.
func (s *Scope) adopt(t *Tensor) {
	t.scope = s
	o := s.owned
	if n := len(o.free); n > 0 {
		t.place = o.free[n-1]
		o.free = o.free[:n-1]
		o.list[t.place] = t.h
		return
	}
	t.place = len(o.list)
	o.list = append(o.list, t.h)
}

// disown takes t out of its scope without freeing it.
func (s *Scope) disown(t *Tensor) {
	s.owned.list[t.place] = nil
	s.owned.free = append(s.owned.free, t.place)
}
