package jinja

// Expressions: attributes, items and slices of values.

func (a attrExpr) eval(s *scope) Value {
	of := defined(a.of.eval(s))
	if v, ok := attribute(of, a.name); ok {
		return v
	}
	if d, ok := of.(*Dict); ok {
		if v, ok := d.Get(plain(a.name)); ok {
			return v
		}
	}
	return missing(of, plain(a.name))
}

func (i itemExpr) eval(s *scope) Value {
	of := i.of.eval(s)
	if slice, ok := i.key.(sliceExpr); ok {
		return cutOut(defined(of), slice.bounds(s))
	}
	return subscript(of, i.key.eval(s))
}

func (sliceExpr) eval(*scope) Value { panic(failf("a slice stands among several subscripts")) }

// subscript is of[key], then the attribute of that name.
func subscript(of, key Value) Value {
	defined(of)
	if v, ok := item(of, key); ok {
		return v
	}
	if name, ok := key.(Text); ok {
		if v, ok := attribute(of, name.S); ok {
			return v
		}
	}
	return missing(of, key)
}

// item is of[key] where there is one.
func item(of, key Value) (Value, bool) {
	switch of := of.(type) {
	case *Dict:
		switch key.(type) {
		case *List, *Dict:
			return nil, false
		}
		return of.Get(key)
	case *List:
		return at(of.Items, key)
	case Tuple:
		return at(of, key)
	case Text:
		i, ok := asInt(key)
		if !ok {
			return nil, false
		}
		offsets := of.offsets()
		n := len(of.S)
		if offsets != nil {
			n = len(offsets) - 1
		}
		if i < 0 {
			i += n
		}
		if i < 0 || i >= n {
			return nil, false
		}
		if offsets == nil {
			return of.cut(i, i+1), true
		}
		return of.cut(offsets[i], offsets[i+1]), true
	}
	return nil, false
}

func at(items []Value, key Value) (Value, bool) {
	i, ok := asInt(key)
	if i < 0 {
		i += len(items)
	}
	if !ok || i < 0 || i >= len(items) {
		return nil, false
	}
	return items[i], true
}

// missing is what stands for an attribute or item that is not there.
func missing(of, key Value) Value {
	what := "'" + typeName(of) + " object' has no attribute "
	if _, ok := key.(Text); !ok {
		what = typeName(of) + " object has no element "
	}
	return Undefined{what + repr(key)}
}

// bounds evaluates a slice.
func (e sliceExpr) bounds(s *scope) (b [3]*int) {
	for i, part := range []expr{e.from, e.to, e.step} {
		if part == nil {
			continue
		}
		v := part.eval(s)
		if v == nil {
			continue
		}
		n, ok := asInt(v)
		if !ok {
			panic(failf("slice indices must be integers or None, not %s", typeName(v)))
		}
		b[i] = &n
	}
	return b
}

// cutOut is of[from:to:step].
func cutOut(of Value, b [3]*int) Value {
	switch of := of.(type) {
	case *List:
		return &List{Items: pick(of.Items, b), Who: of.Who}
	case Tuple:
		return Tuple(pick(of, b))
	case Text:
		return cutText(of, b)
	}
	return Undefined{typeName(of) + " object can't be sliced"}
}

func cutText(t Text, b [3]*int) Value {
	if b[2] != nil && *b[2] != 1 {
		out := concat(pick(t.chars(), b)...)
		out.markup = t.markup
		return out
	}
	offsets := t.offsets()
	n := len(t.S)
	if offsets != nil {
		n = len(offsets) - 1
	}
	from, to, _ := slicePlaces(n, b)
	to = max(from, to)
	if offsets != nil {
		from, to = offsets[from], offsets[to]
	}
	return t.cut(from, to)
}

func pick[T any](items []T, b [3]*int) []T {
	from, to, step := slicePlaces(len(items), b)
	out := []T{}
	for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
		out = append(out, items[i])
	}
	return out
}

// slicePlaces is Python's slice.indices(n).
func slicePlaces(n int, b [3]*int) (from, to, step int) {
	step = 1
	if b[2] != nil {
		if step = *b[2]; step == 0 {
			panic(failf("slice step cannot be zero"))
		}
	}
	low, high := 0, n
	if step < 0 {
		low, high = -1, n-1
	}
	clip := func(v *int, otherwise int) int {
		if v == nil {
			return otherwise
		}
		i := *v
		if i < 0 {
			i += n
		}
		return min(max(i, low), high)
	}
	if step > 0 {
		return clip(b[0], low), clip(b[1], high), step
	}
	return clip(b[0], high), clip(b[1], low), step
}
