package jinja

// Expressions: their values.

import (
	"math"
	"math/big"
	"slices"
	"strings"
)

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

func (n negExpr) eval(s *scope) Value {
	switch v := defined(n.of.eval(s)).(type) {
	case float64:
		return -v
	case *big.Int:
		return new(big.Int).Neg(v)
	default:
		if i, ok := asInt(v); ok {
			return -i
		}
		panic(failf("bad operand type for unary -: '%s'", typeName(v)))
	}
}

func (n posExpr) eval(s *scope) Value {
	v := defined(n.of.eval(s))
	if i, ok := asInt(v); ok {
		return i
	}
	if f, ok := v.(float64); ok {
		return f
	}
	panic(failf("bad operand type for unary +: '%s'", typeName(v)))
}

// defined fails for an undefined value with its message.
func defined(v Value) Value {
	if u, ok := v.(Undefined); ok {
		panic(failf("%s", u.Message))
	}
	return v
}

// asInt is the value of an int or a bool.
func asInt(v Value) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// asFloat is the value of any number.
func asFloat(v Value) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return f, true
	}
	i, ok := asInt(v)
	return float64(i), ok
}

func (b binaryExpr) eval(s *scope) Value {
	left, right := defined(b.left.eval(s)), defined(b.right.eval(s))
	return arithmetic(b.op, left, right)
}

func arithmetic(op string, left, right Value) Value {
	if a, ok := asInt(left); ok {
		if b, ok := asInt(right); ok {
			return intArithmetic(op, a, b)
		}
	}
	if a, ok := asFloat(left); ok {
		if b, ok := asFloat(right); ok {
			return floatArithmetic(op, a, b)
		}
	}
	switch op {
	case "+":
		switch a := left.(type) {
		case Text:
			if b, ok := right.(Text); ok {
				return plus(a, b)
			}
		case *List:
			if b, ok := right.(*List); ok {
				return &List{Items: slices.Concat(a.Items, b.Items)}
			}
		case Tuple:
			if b, ok := right.(Tuple); ok {
				return slices.Concat(a, b)
			}
		}
	case "*":
		if n, ok := asInt(right); ok {
			if v := repeat(left, n); v != nil {
				return v
			}
		}
		if n, ok := asInt(left); ok {
			if v := repeat(right, n); v != nil {
				return v
			}
		}
	case "%":
		if format, ok := left.(Text); ok {
			return percent(format, right)
		}
	}
	panic(failf("unsupported operand type(s) for %s: '%s' and '%s'", op, typeName(left), typeName(right)))
}

// maxRepeat bounds what a template can make of nothing.
const maxRepeat = 1 << 20

func repeat(v Value, n int) Value {
	n = max(n, 0)
	size := 1
	switch v := v.(type) {
	case Text:
		size = len(v.S)
	case *List:
		size = len(v.Items)
	case Tuple:
		size = len(v)
	}
	if n > 0 && size > maxRepeat/n {
		panic(failf("a repetition of %d times is too long", n))
	}
	switch v := v.(type) {
	case Text:
		out := concat(slices.Repeat([]Text{v}, n)...)
		out.markup = v.markup
		return out
	case *List:
		return &List{Items: slices.Repeat(v.Items, n)}
	case Tuple:
		return Tuple(slices.Repeat(v, n))
	}
	return nil
}

func intArithmetic(op string, a, b int) Value {
	switch op {
	case "/":
		return floatArithmetic(op, float64(a), float64(b))
	case "//", "%":
		if b == 0 {
			panic(failf("division by zero"))
		}
		q, r := a/b, a%b
		if r != 0 && (r < 0) != (b < 0) {
			q, r = q-1, r+b
		}
		if op == "%" {
			return r
		}
		return q
	case "**":
		if b < 0 {
			return floatArithmetic(op, float64(a), float64(b))
		}
		if b > 64*64 {
			panic(failf("the power %d is too large", b))
		}
		return smallInt(new(big.Int).Exp(big.NewInt(int64(a)), big.NewInt(int64(b)), nil))
	}
	x, y := big.NewInt(int64(a)), big.NewInt(int64(b))
	switch op {
	case "+":
		x.Add(x, y)
	case "-":
		x.Sub(x, y)
	default:
		x.Mul(x, y)
	}
	return smallInt(x)
}

// smallInt is an int where the number is one.
func smallInt(x *big.Int) Value {
	if x.IsInt64() && int64(int(x.Int64())) == x.Int64() {
		return int(x.Int64())
	}
	return x
}

func floatArithmetic(op string, a, b float64) Value {
	if b == 0 && (op == "/" || op == "//" || op == "%") {
		panic(failf("division by zero"))
	}
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		return a / b
	case "//":
		return math.Floor(a / b)
	case "%":
		r := math.Mod(a, b)
		if r != 0 && (r < 0) != (b < 0) {
			r += b
		}
		return r
	}
	return math.Pow(a, b)
}

func (c compareExpr) eval(s *scope) Value {
	left := c.first.eval(s)
	for i, op := range c.ops {
		right := c.rest[i].eval(s)
		if !compareValues(op, left, right) {
			return false
		}
		left = right
	}
	return true
}

func compareValues(op string, left, right Value) bool {
	switch op {
	case "==":
		return equal(left, right)
	case "!=":
		return !equal(left, right)
	case "in":
		return contains(right, left)
	case "not in":
		return !contains(right, left)
	}
	c, comparable := order(defined(left), defined(right))
	if !comparable {
		panic(failf("'%s' not supported between instances of '%s' and '%s'", op, typeName(left), typeName(right)))
	}
	switch op {
	case "<":
		return c == -1
	case "<=":
		return c == -1 || c == 0
	case ">":
		return c == 1
	}
	return c == 1 || c == 0
}

// equal is Python's ==.
func equal(a, b Value) bool {
	if x, ok := a.(*big.Int); ok {
		if y, ok := b.(*big.Int); ok {
			return x.Cmp(y) == 0
		}
	}
	if x, ok := asFloat(a); ok {
		y, ok := asFloat(b)
		return ok && x == y
	}
	switch a := a.(type) {
	case nil:
		return b == nil
	case Text:
		b, ok := b.(Text)
		return ok && a.S == b.S
	case Undefined:
		_, ok := b.(Undefined)
		return ok
	case *List:
		b, ok := b.(*List)
		return ok && slices.EqualFunc(a.Items, b.Items, equal)
	case Tuple:
		b, ok := b.(Tuple)
		return ok && slices.EqualFunc(a, b, equal)
	case *Dict:
		b, ok := b.(*Dict)
		if !ok || len(a.keys) != len(b.keys) {
			return false
		}
		for i, k := range a.keys {
			if v, ok := b.Get(k); !ok || !equal(a.values[i], v) {
				return false
			}
		}
		return true
	case Func:
		return false
	}
	switch b.(type) {
	case Text, Func, Tuple:
		return false
	}
	return a == b // pointers
}

// order compares numbers, strings, lists and tuples: -1, 0, 1, or 2 for a pair
// of numbers without an order (NaN).
func order(a, b Value) (c int, comparable bool) {
	if x, ok := asFloat(a); ok {
		y, ok := asFloat(b)
		switch {
		case !ok:
			return 0, false
		case x < y:
			return -1, true
		case x > y:
			return 1, true
		case x == y:
			return 0, true
		}
		return 2, true
	}
	switch a := a.(type) {
	case Text:
		b, ok := b.(Text)
		return strings.Compare(a.S, b.S), ok // of UTF-8: the order of code points
	case *List:
		if b, ok := b.(*List); ok {
			return orderAll(a.Items, b.Items)
		}
	case Tuple:
		if b, ok := b.(Tuple); ok {
			return orderAll(a, b)
		}
	}
	return 0, false
}

func orderAll(a, b []Value) (c int, comparable bool) {
	for i := range min(len(a), len(b)) {
		if !equal(a[i], b[i]) {
			return order(a[i], b[i])
		}
	}
	switch {
	case len(a) < len(b):
		return -1, true
	case len(a) > len(b):
		return 1, true
	}
	return 0, true
}

// contains is Python's "item in container".
func contains(container, item Value) bool {
	switch c := container.(type) {
	case Text:
		part, ok := item.(Text)
		if !ok {
			panic(failf("'in <string>' requires string as left operand, not %s", typeName(item)))
		}
		return strings.Contains(c.S, part.S)
	case *Dict:
		_, ok := c.Get(item)
		return ok
	}
	if !isIterable(container) {
		panic(failf("argument of type '%s' is not iterable", typeName(container)))
	}
	return slices.ContainsFunc(iterate(container), func(v Value) bool { return equal(v, item) })
}

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
