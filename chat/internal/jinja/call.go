package jinja

// Expressions: calls, filters and tests, and how their arguments are bound.

import "slices"

// call is the arguments of a call, evaluated, with what the callee may need.
type call struct {
	positional []Value
	names      []string
	named      []Value
	scope      *scope
}

func (a args) eval(s *scope) *call {
	c := &call{positional: evalAll(a.positional, s), names: slices.Clone(a.names), named: evalAll(a.named, s), scope: s}
	if a.more != nil {
		c.positional = append(c.positional, iterate(a.more.eval(s))...)
	}
	if a.moreNamed != nil {
		d, ok := a.moreNamed.eval(s).(*Dict)
		if !ok {
			panic(failf("argument after ** must be a mapping"))
		}
		for i, k := range d.keys {
			c.names = append(c.names, str(k).S)
			c.named = append(c.named, d.values[i])
		}
	}
	return c
}

func (e *callExpr) eval(s *scope) Value { return callValue(e.of.eval(s), e.args.eval(s)) }

func callValue(of Value, c *call) Value {
	switch f := defined(of).(type) {
	case Func:
		return f(c)
	case *Macro:
		return f.call(c)
	case *loop:
		if f.again == nil {
			panic(failf("the loop is called, but it lacks the word 'recursive'"))
		}
		return f.again(c.take(1, "iterable")[0], f.depth+1)
	}
	panic(failf("'%s' object is not callable", typeName(of)))
}

// absent marks a parameter that was not given.
type absent struct{}

// take gives the arguments of a function with the named parameters, of which the
// first required must be there; the others are absent{}.
func (c *call) take(required int, names ...string) []Value {
	values := make([]Value, len(names))
	for i := range values {
		values[i] = absent{}
	}
	if len(c.positional) > len(names) {
		panic(failf("%d arguments are given where at most %d are taken", len(c.positional), len(names)))
	}
	copy(values, c.positional)
	for i, name := range c.names {
		at := slices.Index(names, name)
		if at < 0 {
			panic(failf("got an unexpected keyword argument '%s'", name))
		}
		if values[at] != (absent{}) {
			panic(failf("got multiple values for argument '%s'", name))
		}
		values[at] = c.named[i]
	}
	for i := range required {
		if values[i] == (absent{}) {
			panic(failf("the argument '%s' is missing", names[i]))
		}
	}
	return values
}

func (f *filterExpr) eval(s *scope) Value { return f.apply(s, f.of.eval(s)) }

// apply calls the filter on a value.
func (f *filterExpr) apply(s *scope, v Value) Value { return filterNamed(f.name)(v, f.args.eval(s)) }

func (t testExpr) eval(s *scope) Value { return testNamed(t.name)(t.of.eval(s), t.args.eval(s)) }

func filterNamed(name string) filter {
	f, ok := filters[name]
	if !ok {
		panic(failf("there is no filter '%s'%s", name, unsupported(name, jinjaFilters)))
	}
	return f
}

func testNamed(name string) test {
	t, ok := tests[name]
	if !ok {
		panic(failf("there is no test '%s'%s", name, unsupported(name, jinjaTests)))
	}
	return t
}
