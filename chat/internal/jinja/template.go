package jinja

// Templates: parsed once, rendered often.

import "time"

// A Template is a parsed template. It can be rendered by many goroutines at once.
type Template struct{ body []stmt }

// environment is what one rendering knows beside its names.
type environment struct {
	now   time.Time
	calls int // of macros and recursive loops, one inside the other
}

// Parse reads a template. Faults, and what this package lacks, are an [*Error]
// that names the line and the construct.
func Parse(source string) (t *Template, err error) {
	defer recoverError(&err)
	return &Template{parseTemplate(source)}, nil
}

// Rendered is the output of a template and where its pieces come from.
type Rendered struct {
	Text string
	// Pieces are the stretches with an origin, in order.
	Pieces []Piece
	// Turns are the iterations of loops over dicts that have Turn set, with the
	// output of the iteration and the dict's Who, in order.
	Turns []Piece
	// Generated are the {% generation %} blocks, in order; their Who is 0.
	Generated []Piece
}

// Render runs the template with variables. now is what strftime_now shows.
func (t *Template) Render(vars map[string]Value, now time.Time) (r *Rendered, err error) {
	defer recoverError(&err)
	env := &environment{now: now}
	globals := &scope{names: env.globals(), env: env}
	context := globals.inner()
	for name, v := range vars {
		context.set(name, v)
	}
	out := &output{root: true}
	runAll(t.body, context.inner(), out)
	text := out.text()
	return &Rendered{text.S, text.from, out.turns, out.generated}, nil
}

// globals are Jinja2's functions and those that transformers adds.
func (env *environment) globals() map[string]Value {
	return map[string]Value{
		"raise_exception": Func(func(c *call) Value {
			panic(&Error{Msg: str(c.take(1, "message")[0]).S, Raised: true})
		}),
		"strftime_now": Func(func(c *call) Value {
			return plain(strftime(env.now, textOf(c.take(1, "format")[0]).S))
		}),
		"namespace": Func(func(c *call) Value {
			ns := &Namespace{dictOf(c)}
			for _, k := range ns.attributes.keys {
				checkAttribute(str(k).S)
			}
			return ns
		}),
		"dict":   Func(func(c *call) Value { return dictOf(c) }),
		"range":  Func(rangeOf),
		"cycler": Func(func(*call) Value { panic(failf("cycler is not supported: use loop.cycle")) }),
		"joiner": Func(joiner),
		"lipsum": Func(func(*call) Value { panic(failf("lipsum is not supported")) }),
	}
}

// dictOf is dict(...): of another dict or of pairs, and of named arguments.
func dictOf(c *call) *Dict {
	d := &Dict{}
	if len(c.positional) > 1 {
		panic(failf("dict expected at most 1 argument, got %d", len(c.positional)))
	}
	for _, from := range c.positional {
		if other, ok := from.(*Dict); ok {
			from = &List{Items: other.items()}
		}
		for _, pair := range iterate(from) {
			kv := iterate(pair)
			if len(kv) != 2 {
				panic(failf("dictionary update sequence has an element of length %d; 2 is required", len(kv)))
			}
			d.Set(kv[0], kv[1])
		}
	}
	for i, name := range c.names {
		d.Set(plain(name), c.named[i])
	}
	return d
}

// maxRange is the sandbox's own limit.
const maxRange = 100_000

func rangeOf(c *call) Value {
	a := c.take(1, "start", "stop", "step")
	from, to, step := 0, intOr(a[0], 0), intOr(a[2], 1)
	if given(a[1]) {
		from, to = to, intOr(a[1], 0)
	}
	if step == 0 {
		panic(failf("range() arg 3 must not be zero"))
	}
	out := &List{}
	for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
		if len(out.Items) == maxRange {
			panic(failf("Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", maxRange))
		}
		out.Items = append(out.Items, i)
	}
	return out
}

// joiner is a function that gives nothing the first time and its separator later.
func joiner(c *call) Value {
	sep := or(c.take(0, "sep")[0], plain(", "))
	used := false
	return Func(func(*call) Value {
		if !used {
			used = true
			return plain("")
		}
		return sep
	})
}
