package torch

import (
	"runtime"

	"github.com/ajolote-ai/ajolote/internal/ctorch"
)

// Comparisons give bool tensors.

// Eq returns t == b.
func (t *Tensor) Eq(b *Tensor) *Tensor { return t.compare("Eq", b, 0) }

// EqScalar returns t == b for a number b.
func (t *Tensor) EqScalar(b float64) *Tensor { return t.compareScalar("EqScalar", b, 0) }

// Ne returns t != b.
func (t *Tensor) Ne(b *Tensor) *Tensor { return t.compare("Ne", b, 1) }

// NeScalar returns t != b for a number b.
func (t *Tensor) NeScalar(b float64) *Tensor { return t.compareScalar("NeScalar", b, 1) }

// Lt returns t < b.
func (t *Tensor) Lt(b *Tensor) *Tensor { return t.compare("Lt", b, 2) }

// LtScalar returns t < b for a number b.
func (t *Tensor) LtScalar(b float64) *Tensor { return t.compareScalar("LtScalar", b, 2) }

// Le returns t <= b.
func (t *Tensor) Le(b *Tensor) *Tensor { return t.compare("Le", b, 3) }

// LeScalar returns t <= b for a number b.
func (t *Tensor) LeScalar(b float64) *Tensor { return t.compareScalar("LeScalar", b, 3) }

// Gt returns t > b.
func (t *Tensor) Gt(b *Tensor) *Tensor { return t.compare("Gt", b, 4) }

// GtScalar returns t > b for a number b.
func (t *Tensor) GtScalar(b float64) *Tensor { return t.compareScalar("GtScalar", b, 4) }

// Ge returns t >= b.
func (t *Tensor) Ge(b *Tensor) *Tensor { return t.compare("Ge", b, 5) }

// GeScalar returns t >= b for a number b.
func (t *Tensor) GeScalar(b float64) *Tensor { return t.compareScalar("GeScalar", b, 5) }

func (t *Tensor) compare(op string, b *Tensor, how int32) *Tensor {
	return apply(op, func(out *ctorch.Handle) error { return ctorch.Compare(t.h, b.h, how, out) }, t, b)
}

func (t *Tensor) compareScalar(op string, b float64, how int32) *Tensor {
	return apply(op, func(out *ctorch.Handle) error { return ctorch.CompareScalar(t.h, b, how, out) }, t)
}

// And returns whether t and b are both true.
func (t *Tensor) And(b *Tensor) *Tensor {
	return apply("And", func(out *ctorch.Handle) error { return ctorch.Logical(t.h, b.h, 0, out) }, t, b)
}

// Or returns whether t or b is true.
func (t *Tensor) Or(b *Tensor) *Tensor {
	return apply("Or", func(out *ctorch.Handle) error { return ctorch.Logical(t.h, b.h, 1, out) }, t, b)
}

// Not returns whether t is false.
func (t *Tensor) Not() *Tensor {
	return apply("Not", func(out *ctorch.Handle) error { return ctorch.Logical(t.h, nil, 2, out) }, t)
}

// IsFinite returns where t is neither infinite nor NaN.
func (t *Tensor) IsFinite() *Tensor {
	return apply("IsFinite", func(out *ctorch.Handle) error { return ctorch.Isfinite(t.h, out) }, t)
}

// Equal says whether t and b have the same shape, type and values.
func (t *Tensor) Equal(b *Tensor) bool {
	t.alive("Equal")
	b.alive("Equal")
	same, err := ctorch.Equal(t.h, b.h)
	if err != nil {
		fail(err, "Equal", t, b)
	}
	runtime.KeepAlive(t)
	runtime.KeepAlive(b)
	return same
}
