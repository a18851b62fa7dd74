package jinja

// Expressions: what stands behind a value: attributes, subscripts, calls, filters and tests.

import (
	"slices"
	"strconv"
)

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
