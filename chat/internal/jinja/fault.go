package jinja

// Faults of templates: what cannot be parsed, and what fails when it runs.

import (
	"errors"
	"fmt"
)

// An Error is a fault of a template, with the line where it is known.
type Error struct {
	Line int // from 1; 0 when it is not known
	Msg  string
	// Raised says that the template itself refused the conversation, with
	// raise_exception.
	Raised bool
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("chat template, line %d: %s", e.Line, e.Msg)
	}
	return "chat template: " + e.Msg
}

// failf makes a fault to panic with; Parse and Render recover it, and the
// statement that runs gives it its line.
func failf(format string, args ...any) *Error {
	return &Error{Msg: fmt.Sprintf(format, args...)}
}

// recoverError turns the panic of a fault into an error.
func recoverError(err *error) {
	switch r := recover().(type) {
	case nil:
	case *Error:
		*err = r
	case signal:
		*err = errors.New("chat template: a break or continue left its loop") // parsing prevents it
	default:
		panic(r)
	}
}

// atLine gives a passing fault the line of a statement, unless it has one.
func atLine(line int) {
	r := recover()
	if r == nil {
		return
	}
	if e, ok := r.(*Error); ok && e.Line == 0 {
		e.Line = line
	}
	panic(r)
}
