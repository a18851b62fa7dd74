package torch

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ajolote-ai/ajolote/internal/ctorch"
)

// Error is what an operation panics with.
type Error struct {
	Op     string   // the operation: "MatMul"
	Shapes []string // shape and type of each operand: "[2 3] float32"
	Msg    string   // what is wrong, in libtorch's words or ours
	Err    error    // the cause, where it is an error of its own; may be nil
}

func (e *Error) Error() string {
	if len(e.Shapes) == 0 {
		return fmt.Sprintf("torch.%s: %s", e.Op, e.Msg)
	}
	return fmt.Sprintf("torch.%s(%s): %s", e.Op, strings.Join(e.Shapes, ", "), e.Msg)
}

func (e *Error) Unwrap() error { return e.Err }

// ErrOutOfMemory is what errors.Is finds in an [Error] for which there was not enough memory, main or a device's.
var ErrOutOfMemory = errors.New("out of memory")

// fail panics with err, which may come from loading the library or from the library itself.
func fail(err error, op string, operands ...*Tensor) {
	e := &Error{Op: op, Msg: strings.TrimSpace(err.Error()), Err: err}
	if strings.Contains(e.Msg, "can't allocate memory") || strings.Contains(strings.ToLower(e.Msg), "out of memory") {
		e.Err = fmt.Errorf("%w: %w", ErrOutOfMemory, err)
	}
	for _, t := range operands {
		e.Shapes = append(e.Shapes, t.describe())
	}
	panic(e)
}

// describe never panics: it runs while another error is reported.
func (t *Tensor) describe() string {
	if t == nil {
		return "none"
	}
	if t.closed() {
		return "freed"
	}
	var info ctorch.Info
	if err := ctorch.GetInfo(t.h, &info); err != nil {
		return "?"
	}
	return fmt.Sprintf("%d %s", info.Shape[:info.Rank], DType(info.DType))
}

// Catch turns a panic of this package into an error; other panics go on. Defer it in functions that use tensors:
//
//	func Loss(...) (loss float64, err error) {
//		defer torch.Catch(&err)
func Catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case *Error:
		*err = r
	default:
		panic(r)
	}
}
