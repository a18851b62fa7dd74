package jinja

// Expressions, with the precedence of jinja2/parser.py: note that ~ binds
// tighter than + and that filters and tests bind tighter than operators.

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// expression reads one expression; withCond allows "a if b else c".
func (p *parser) expression(withCond bool) expr {
	if withCond {
		return p.cond()
	}
	return p.or()
}

func (p *parser) cond() expr {
	defer p.deeper()()
	e := p.or()
	for p.skipName("if") {
		test := p.or()
		var no expr
		if p.skipName("else") {
			no = p.cond()
		}
		e = condExpr{test, e, no}
	}
	return e
}

func (p *parser) or() expr {
	left := p.and()
	for p.skipName("or") {
		left = orExpr{left, p.and()}
	}
	return left
}

func (p *parser) and() expr {
	left := p.not()
	for p.skipName("and") {
		left = andExpr{left, p.not()}
	}
	return left
}

func (p *parser) not() expr {
	defer p.deeper()()
	if p.skipName("not") {
		return notExpr{p.not()}
	}
	return p.compare()
}

func (p *parser) compare() expr {
	c := compareExpr{first: p.sum()}
	for {
		t, after := p.token(), p.peek()
		switch {
		case t.kind == tokOperator && slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, t.text):
			p.next()
			c.ops = append(c.ops, t.text)
		case p.skipName("in"):
			c.ops = append(c.ops, "in")
		case p.isName("not") && after.kind == tokName && after.text == "in":
			p.next()
			p.next()
			c.ops = append(c.ops, "not in")
		case len(c.ops) == 0:
			return c.first
		default:
			return c
		}
		c.rest = append(c.rest, p.sum())
	}
}

func (p *parser) sum() expr {
	left := p.concat()
	for p.isOp("+") || p.isOp("-") {
		op := p.next().text
		left = binaryExpr{op, left, p.concat()}
	}
	return left
}

func (p *parser) concat() expr {
	parts := []expr{p.product()}
	for p.skipOp("~") {
		parts = append(parts, p.product())
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return concatExpr{parts}
}

func (p *parser) product() expr {
	left := p.power()
	for p.isOp("*") || p.isOp("/") || p.isOp("//") || p.isOp("%") {
		op := p.next().text
		left = binaryExpr{op, left, p.power()}
	}
	return left
}

func (p *parser) power() expr {
	left := p.unary(true)
	for p.skipOp("**") {
		left = binaryExpr{"**", left, p.unary(true)}
	}
	return left
}

func (p *parser) unary(withFilter bool) expr {
	defer p.deeper()()
	var e expr
	switch {
	case p.skipOp("-"):
		e = negExpr{p.unary(false)}
	case p.skipOp("+"):
		e = posExpr{p.unary(false)}
	default:
		e = p.primary()
	}
	e = p.postfix(e)
	if withFilter {
		e = p.filtersAndTests(e)
	}
	return e
}

func (p *parser) primary() expr {
	t := p.token()
	switch t.kind {
	case tokName:
		p.next()
		switch t.text {
		case "true", "True":
			return literal{true}
		case "false", "False":
			return literal{false}
		case "none", "None":
			return literal{nil}
		case "self":
			p.fail("'self' is not supported: a chat template has no blocks to call")
		}
		p.note(t.text)
		return nameExpr{t.text}
	case tokString:
		p.next()
		text := t.text
		for p.token().kind == tokString {
			text += p.next().text
		}
		return literal{plain(text)}
	case tokInteger:
		p.next()
		text := strings.ReplaceAll(t.text, "_", "")
		if n, err := strconv.ParseInt(text, 0, strconv.IntSize); err == nil {
			return literal{int(n)}
		}
		n, _ := new(big.Int).SetString(text, 0)
		return literal{n}
	case tokFloat:
		p.next()
		f, _ := strconv.ParseFloat(strings.ReplaceAll(t.text, "_", ""), 64) // too large is inf, as in Python
		return literal{f}
	}
	switch {
	case p.skipOp("("):
		e := p.tuple(tupleOptions{withCond: true, parenthesised: true})
		p.expectOp(")")
		return e
	case p.skipOp("["):
		list := listExpr{}
		for !p.isOp("]") {
			if len(list.items) > 0 {
				p.expectOp(",")
				if p.isOp("]") {
					break
				}
			}
			list.items = append(list.items, p.expression(true))
		}
		p.next()
		return list
	case p.skipOp("{"):
		return p.dict()
	}
	p.fail("unexpected %s", t)
	return nil
}

// note tells the macro that is being read that its body uses a name.
func (p *parser) note(name string) {
	if n := len(p.macros); n > 0 {
		m := p.macros[n-1]
		m.varargs = m.varargs || name == "varargs"
		m.kwargs = m.kwargs || name == "kwargs"
		m.caller = m.caller || name == "caller"
	}
}

func (p *parser) dict() expr {
	d := dictExpr{}
	for !p.isOp("}") {
		if len(d.keys) > 0 {
			p.expectOp(",")
			if p.isOp("}") {
				break
			}
		}
		d.keys = append(d.keys, p.expression(true))
		p.expectOp(":")
		d.values = append(d.values, p.expression(true))
	}
	p.next()
	return d
}

// tupleOptions says where a tuple without parentheses ends and what may be in it.
type tupleOptions struct {
	withCond      bool
	end           string // a name that ends it
	parenthesised bool   // () is the empty tuple
}

// tuple reads one expression, or several with commas between, which are a tuple.
func (p *parser) tuple(o tupleOptions) expr {
	var items []expr
	comma := false
	for {
		if len(items) > 0 {
			p.expectOp(",")
		}
		if p.endsTuple(o) {
			break
		}
		items = append(items, p.expression(o.withCond))
		if !p.isOp(",") {
			break
		}
		comma = true
	}
	if !comma && len(items) == 1 {
		return items[0]
	}
	if len(items) == 0 && !o.parenthesised {
		p.fail("an expression is expected, not %s", p.token())
	}
	return tupleExpr{items}
}

func (p *parser) endsTuple(o tupleOptions) bool {
	switch t := p.token(); {
	case t.kind == tokVariableEnd || t.kind == tokBlockEnd || p.isOp(")"):
		return true
	case o.end != "":
		return p.isName(o.end)
	}
	return false
}

// postfix reads attributes, items and calls.
func (p *parser) postfix(e expr) expr {
	for {
		switch {
		case p.skipOp("."):
			switch t := p.next(); t.kind {
			case tokName:
				e = attrExpr{e, t.text}
			case tokInteger:
				n, _ := strconv.Atoi(t.text)
				e = itemExpr{e, literal{n}}
			default:
				p.fail("a name or a number is expected after the dot, not %s", t)
			}
		case p.skipOp("["):
			keys := []expr{p.subscript()}
			for p.skipOp(",") {
				if p.isOp("]") {
					break
				}
				keys = append(keys, p.subscript())
			}
			p.expectOp("]")
			if len(keys) == 1 {
				e = itemExpr{e, keys[0]}
			} else {
				e = itemExpr{e, tupleExpr{keys}}
			}
		case p.isOp("("):
			e = &callExpr{e, p.arguments()}
		default:
			return e
		}
	}
}

// subscript reads what stands in brackets: a key, or a slice.
func (p *parser) subscript() expr {
	var parts [3]expr
	n := 0
	for ; n < 3; n++ {
		if !p.isOp(":") && !p.isOp("]") && !p.isOp(",") {
			parts[n] = p.expression(true)
		}
		if !p.skipOp(":") {
			break
		}
	}
	if n == 0 {
		if parts[0] == nil {
			p.fail("an expression is expected, not %s", p.token())
		}
		return parts[0]
	}
	return sliceExpr{parts[0], parts[1], parts[2]}
}

// filtersAndTests reads | filters, is tests, and calls of what they give.
func (p *parser) filtersAndTests(e expr) expr {
	for {
		switch {
		case p.skipOp("|"):
			e = p.filter(e)
		case p.skipName("is"):
			e = p.test(e)
		case p.isOp("("):
			e = &callExpr{e, p.arguments()}
		default:
			return e
		}
	}
}

// dotted reads a name that may have dots in it.
func (p *parser) dotted() string {
	name := p.identifier()
	for p.skipOp(".") {
		name += "." + p.identifier()
	}
	return name
}

func (p *parser) filter(of expr) *filterExpr {
	name := p.dotted()
	if _, ok := filters[name]; !ok && p.soft == 0 {
		p.fail("there is no filter '%s'%s", name, unsupported(name, jinjaFilters))
	}
	f := &filterExpr{name: name, of: of}
	if p.isOp("(") {
		f.args = p.arguments()
	}
	return f
}

func (p *parser) test(of expr) expr {
	negated := p.skipName("not")
	name := p.dotted()
	if _, ok := tests[name]; !ok && p.soft == 0 {
		p.fail("there is no test '%s'%s", name, unsupported(name, jinjaTests))
	}
	t := testExpr{name: name, of: of}
	switch next := p.token(); {
	case p.isOp("("):
		t.args = p.arguments()
	case next.kind == tokString || next.kind == tokInteger || next.kind == tokFloat || p.isOp("[") || p.isOp("{"),
		next.kind == tokName && !slices.Contains([]string{"else", "or", "and"}, next.text):
		if next.text == "is" && next.kind == tokName {
			p.fail("tests can't be chained with 'is'")
		}
		t.args.positional = []expr{p.postfix(p.primary())}
	}
	if negated {
		return notExpr{t}
	}
	return t
}

// unsupported tells a mistake from what Jinja2 has and this package has not.
func unsupported(name string, all []string) string {
	if slices.Contains(all, name) {
		return " here: Jinja2 has it, but it is not supported"
	}
	return ""
}

func (p *parser) arguments() (a args) {
	p.expectOp("(")
	for first := true; !p.isOp(")"); first = false {
		if !first {
			p.expectOp(",")
			if p.isOp(")") {
				break
			}
		}
		switch t, after := p.token(), p.peek(); {
		case p.skipOp("**"):
			a.moreNamed = p.expression(true)
		case p.skipOp("*"):
			a.more = p.expression(true)
		case t.kind == tokName && after.kind == tokOperator && after.text == "=":
			p.next()
			p.next()
			a.names = append(a.names, t.text)
			a.named = append(a.named, p.expression(true))
		default:
			if len(a.names) > 0 || a.more != nil || a.moreNamed != nil {
				p.fail("an argument without a name follows one that has a name")
			}
			a.positional = append(a.positional, p.expression(true))
		}
	}
	p.next()
	return a
}
