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
