package jinja

// Statements: scopes, loops, macros, and the output with its origins.

import "slices"

// scope holds the names of a block; what it lacks is looked up outside.
type scope struct {
	names map[string]Value
	outer *scope
	env   *environment
}

func (s *scope) inner() *scope { return &scope{outer: s, env: s.env} }

// maxCalls bounds recursion of macros and loops, as Python's stack does.
const maxCalls = 200

// enter counts a call; the function it returns takes it back.
func (env *environment) enter() (leave func()) {
	if env.calls++; env.calls > maxCalls {
		panic(failf("macros or loops call each other more than %d deep", maxCalls))
	}
	return func() { env.calls-- }
}

func (s *scope) set(name string, v Value) {
	if s.names == nil {
		s.names = map[string]Value{}
	}
	s.names[name] = v
}

func (s *scope) get(name string) Value {
	for at := s; at != nil; at = at.outer {
		if v, ok := at.names[name]; ok {
			return v
		}
	}
	return Undefined{"'" + name + "' is undefined"}
}

func (s *scope) assign(t target, v Value) {
	switch {
	case t.several != nil:
		items := iterate(v)
		if len(items) != len(t.several) {
			panic(failf("%d values are there for %d names", len(items), len(t.several)))
		}
		for i, one := range t.several {
			s.assign(one, items[i])
		}
	case t.attribute != "":
		ns, ok := s.get(t.name).(*Namespace)
		if !ok {
			panic(failf("cannot assign attribute on non-namespace object"))
		}
		checkAttribute(t.attribute)
		ns.attributes.Set(plain(t.attribute), v)
	default:
		s.set(t.name, v)
	}
}

// output gathers what is rendered. Only the outermost one notes turns and
// generation blocks, whose places would otherwise be those of a part.
type output struct {
	builder
	root      bool
	turns     []Piece
	generated []Piece
}

func runAll(body []stmt, s *scope, out *output) {
	for _, st := range body {
		st.run(s, out)
	}
}

// capture renders a body by itself.
func capture(body []stmt, s *scope) Text {
	var out output
	runAll(body, s, &out)
	return out.text()
}

func (l lined) run(s *scope, out *output) {
	defer atLine(l.line)
	l.stmt.run(s, out)
}

func (t textStmt) run(_ *scope, out *output) { out.add(t.text) }

func (p printStmt) run(s *scope, out *output) {
	for _, e := range p.parts {
		out.add(str(e.eval(s)))
	}
}

func (i ifStmt) run(s *scope, out *output) {
	for n, body := range i.bodies {
		if n == len(i.tests) || truth(i.tests[n].eval(s)) {
			runAll(body, s, out)
			return
		}
	}
}

func (j jumpStmt) run(*scope, *output) { panic(j.signal) }

func (st setStmt) run(s *scope, _ *output) { s.assign(st.target, st.value.eval(s)) }

func (st setBlockStmt) run(s *scope, _ *output) {
	var v Value = capture(st.body, s.inner())
	for _, f := range st.filters {
		v = f.apply(s, v)
	}
	s.assign(st.target, v)
}

func (st filterStmt) run(s *scope, out *output) {
	var v Value = capture(st.body, s.inner())
	for _, f := range st.filters {
		v = f.apply(s, v)
	}
	out.add(str(v))
}

func (st withStmt) run(s *scope, out *output) {
	in := s.inner()
	for i, e := range st.values {
		in.assign(st.targets[i], e.eval(s))
	}
	runAll(st.body, in, out)
}

func (st blockStmt) run(s *scope, out *output) { runAll(st.body, s.inner(), out) }

func (st generationStmt) run(s *scope, out *output) {
	start := out.len()
	runAll(st.body, s.inner(), out)
	if out.root {
		out.generated = append(out.generated, Piece{Start: start, End: out.len()})
	}
}

func (st macroStmt) run(s *scope, _ *output) { s.set(st.macro.name, &Macro{st.macro, s}) }

func (st callStmt) run(s *scope, out *output) {
	c := st.call.args.eval(s)
	c.names = append(c.names, "caller")
	c.named = append(c.named, &Macro{st.caller, s})
	out.add(str(callValue(st.call.of.eval(s), c)))
}

// A Macro is a macro with the scope that it was defined in.
type Macro struct {
	*macroDef
	scope *scope
}

func (m *Macro) call(c *call) Value {
	defer m.scope.env.enter()()
	s := m.scope.inner()
	positional := c.positional
	given := map[string]bool{}
	for i, name := range m.parameters {
		if i < len(positional) {
			s.set(name, positional[i])
			given[name] = true
		}
	}
	kwargs := &Dict{}
	for i, name := range c.names {
		switch {
		case slices.Contains(m.parameters, name):
			if given[name] {
				panic(failf("macro '%s' got multiple values for argument '%s'", m.name, name))
			}
			s.set(name, c.named[i])
			given[name] = true
		case name == "caller" && m.caller:
			s.set(name, c.named[i])
			given[name] = true
		case m.kwargs:
			kwargs.Set(plain(name), c.named[i])
		default:
			panic(failf("macro '%s' takes no keyword argument '%s'", m.name, name))
		}
	}
	first := len(m.parameters) - len(m.defaults)
	for i, name := range m.parameters {
		switch {
		case given[name]:
		case i >= first:
			s.set(name, m.defaults[i-first].eval(s))
		default:
			s.set(name, Undefined{"parameter '" + name + "' was not provided"})
		}
	}
	if m.caller && !given["caller"] {
		s.set("caller", Undefined{"No caller defined"})
	}
	rest := Tuple{}
	if len(positional) > len(m.parameters) {
		if !m.varargs {
			panic(failf("macro '%s' takes not more than %d argument(s)", m.name, len(m.parameters)))
		}
		rest = positional[len(m.parameters):]
	}
	if m.varargs {
		s.set("varargs", rest)
	}
	if m.kwargs {
		s.set("kwargs", kwargs)
	}
	return capture(m.body, s)
}

// loop is the variable of that name inside a for loop.
type loop struct {
	items   []Value
	index0  int
	depth   int
	changed Value
	again   func(over Value, depth int) Text // of a recursive loop
	ever    bool                             // changed() was asked before
}

// pairs makes the loop itself iterable, as Jinja2's is.
func (l *loop) pairs() (list []Value) {
	for _, item := range l.items[min(l.index0+1, len(l.items)):] {
		list = append(list, Tuple{item, l})
	}
	return list
}

func (st forStmt) run(s *scope, out *output) { st.loop(s, out, st.over.eval(s), 1) }

func (st forStmt) loop(s *scope, out *output, over Value, depth int) {
	items := iterate(over)
	if st.where != nil {
		var wanted []Value
		for _, item := range items {
			in := s.inner()
			in.assign(st.target, item)
			if truth(st.where.eval(in)) {
				wanted = append(wanted, item)
			}
		}
		items = wanted
	}
	if len(items) == 0 {
		runAll(st.orElse, s.inner(), out)
		return
	}
	l := &loop{items: items, depth: depth}
	if st.recursive {
		l.again = func(over Value, depth int) Text {
			defer s.env.enter()()
			var part output
			st.loop(s, &part, over, depth)
			return part.text()
		}
	}
	for i, item := range items {
		l.index0 = i
		in := s.inner()
		in.set("loop", l)
		in.assign(st.target, item)
		start := out.len()
		goOn := runBody(st.body, in, out)
		if message, ok := item.(*Dict); ok && message.Turn && out.root && out.len() > start {
			out.turns = append(out.turns, Piece{start, out.len(), message.Who})
		}
		if !goOn {
			return
		}
	}
}

// runBody runs the body of a loop once; it returns whether the loop goes on.
func runBody(body []stmt, s *scope, out *output) (goOn bool) {
	defer func() {
		if r := recover(); r != nil {
			sig, ok := r.(signal)
			if !ok {
				panic(r)
			}
			goOn = sig == continueLoop
		}
	}()
	runAll(body, s, out)
	return true
}
