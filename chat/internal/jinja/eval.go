package jinja

// Expressions: their values.

func (l literal) eval(*scope) Value    { return l.value }
func (n nameExpr) eval(s *scope) Value { return s.get(n.name) }

func evalAll(list []expr, s *scope) []Value {
	values := make([]Value, len(list))
	for i, e := range list {
		values[i] = e.eval(s)
	}
	return values
}

func (l listExpr) eval(s *scope) Value  { return &List{Items: evalAll(l.items, s)} }
func (t tupleExpr) eval(s *scope) Value { return Tuple(evalAll(t.items, s)) }

func (d dictExpr) eval(s *scope) Value {
	dict := &Dict{}
	for i, k := range d.keys {
		dict.Set(k.eval(s), d.values[i].eval(s))
	}
	return dict
}

func (n notExpr) eval(s *scope) Value { return !truth(n.of.eval(s)) }

func (a andExpr) eval(s *scope) Value {
	if left := a.left.eval(s); !truth(left) {
		return left
	}
	return a.right.eval(s)
}

func (o orExpr) eval(s *scope) Value {
	if left := o.left.eval(s); truth(left) {
		return left
	}
	return o.right.eval(s)
}

func (c condExpr) eval(s *scope) Value {
	switch {
	case truth(c.test.eval(s)):
		return c.yes.eval(s)
	case c.no == nil:
		return Undefined{"the inline if-expression evaluated to false and no else section was defined."}
	}
	return c.no.eval(s)
}

func (c concatExpr) eval(s *scope) Value {
	var b builder
	for _, part := range c.parts {
		b.add(str(part.eval(s)))
	}
	return b.text()
}

// defined fails for an undefined value with its message.
func defined(v Value) Value {
	if u, ok := v.(Undefined); ok {
		panic(failf("%s", u.Message))
	}
	return v
}
