package jinja

// From tokens to statements, as jinja2/parser.py reads them.

import "slices"

type parser struct {
	tokens []token
	at     int
	loops  int         // how many loops are open
	depth  int         // how deeply expressions and blocks are nested
	soft   int         // how many ifs are open: in them an unknown filter fails only when it is used
	macros []*macroDef // the open ones, to note what they use
}

// parseTemplate reads a whole template.
func parseTemplate(source string) []stmt {
	p := &parser{tokens: tokenize(source)}
	return p.statements()
}

func (p *parser) token() token { return p.tokens[p.at] }
func (p *parser) peek() token  { return p.tokens[min(p.at+1, len(p.tokens)-1)] }

func (p *parser) next() token {
	t := p.token()
	if t.kind != tokEOF {
		p.at++
	}
	return t
}

func (p *parser) fail(format string, args ...any) {
	e := failf(format, args...)
	e.Line = p.token().line
	panic(e)
}

func (p *parser) isOp(op string) bool     { t := p.token(); return t.kind == tokOperator && t.text == op }
func (p *parser) isName(name string) bool { t := p.token(); return t.kind == tokName && t.text == name }

func (p *parser) skipOp(op string) bool {
	if p.isOp(op) {
		p.next()
		return true
	}
	return false
}

func (p *parser) skipName(name string) bool {
	if p.isName(name) {
		p.next()
		return true
	}
	return false
}

func (p *parser) expectOp(op string) {
	if !p.skipOp(op) {
		p.fail("'%s' is expected, not %s", op, p.token())
	}
}

func (p *parser) expectName(name string) {
	if !p.skipName(name) {
		p.fail("'%s' is expected, not %s", name, p.token())
	}
}

func (p *parser) identifier() string {
	if t := p.token(); t.kind != tokName {
		p.fail("a name is expected, not %s", t)
	}
	return p.next().text
}

func (p *parser) expectBlockEnd() {
	if t := p.token(); t.kind != tokBlockEnd {
		p.fail("the end of the tag (%%}) is expected, not %s", t)
	}
	p.next()
}

// maxDepth bounds the nesting of a template, which is read by recursion.
const maxDepth = 500

// deeper counts one level of nesting; the function it returns takes it back.
func (p *parser) deeper() func() {
	if p.depth++; p.depth > maxDepth {
		p.fail("the template is nested more than %d deep", maxDepth)
	}
	return func() { p.depth-- }
}

// statements reads until one of the given tags begins, whose name is then the
// next token, or until the end of the template.
func (p *parser) statements(until ...string) (body []stmt) {
	defer p.deeper()()
	for {
		switch t := p.token(); t.kind {
		case tokEOF:
			if len(until) > 0 {
				p.fail("the template ends before {%% %s %%}", until[len(until)-1])
			}
			return body
		case tokData:
			p.next()
			body = append(body, textStmt{plain(t.text)})
		case tokVariableBegin:
			p.next()
			value := p.tuple(tupleOptions{withCond: true})
			if end := p.token(); end.kind != tokVariableEnd {
				p.fail("the end of the expression (}}) is expected, not %s", end)
			}
			p.next()
			body = append(body, lined{t.line, printStmt{[]expr{value}}})
		case tokBlockBegin:
			p.next()
			if name := p.token(); name.kind == tokName && slices.Contains(until, name.text) {
				return body
			}
			body = append(body, lined{t.line, p.statement()})
		default:
			p.fail("unexpected %s", t)
		}
	}
}

// block reads a tag's body and its end tag.
func (p *parser) block(end string) []stmt {
	p.expectBlockEnd()
	body := p.statements(end)
	p.next()
	p.expectBlockEnd()
	return body
}

func (p *parser) statement() stmt {
	tag := p.token()
	if tag.kind != tokName {
		p.fail("the name of a tag is expected, not %s", tag)
	}
	p.next()
	switch tag.text {
	case "if":
		return p.ifTag()
	case "for":
		return p.forTag()
	case "set":
		return p.setTag()
	case "macro":
		return p.macroTag()
	case "call":
		return p.callTag()
	case "filter":
		return filterStmt{p.filterTag(), p.block("endfilter")}
	case "with":
		return p.withTag()
	case "generation":
		return generationStmt{p.block("endgeneration")}
	case "block":
		return p.blockTag()
	case "print":
		return p.printTag()
	case "break", "continue":
		if p.loops == 0 {
			p.fail("{%% %s %%} stands outside of a loop", tag.text)
		}
		p.expectBlockEnd()
		if tag.text == "break" {
			return jumpStmt{breakLoop}
		}
		return jumpStmt{continueLoop}
	case "extends", "include", "import", "from":
		p.fail("{%% %s %%} needs another template: a chat template has none", tag.text)
	case "autoescape":
		p.fail("{%% autoescape %%} is not supported: the text of a chat is no web page")
	}
	p.fail("there is no tag {%% %s %%} (chat templates know if, for, set, macro, call, filter, with, block, print, break, continue, generation and raw)", tag.text)
	return nil
}

func (p *parser) ifTag() stmt {
	var s ifStmt
	p.soft++
	defer func() { p.soft-- }()
	for {
		s.tests = append(s.tests, p.tuple(tupleOptions{}))
		p.expectBlockEnd()
		s.bodies = append(s.bodies, p.statements("elif", "else", "endif"))
		switch p.next().text {
		case "elif":
			continue
		case "else":
			s.bodies = append(s.bodies, p.block("endif"))
		default:
			p.expectBlockEnd()
		}
		return s
	}
}

func (p *parser) forTag() stmt {
	var s forStmt
	s.target = p.target(true)
	p.expectName("in")
	s.over = p.tuple(tupleOptions{end: "recursive"})
	if p.skipName("if") {
		s.where = p.expression(true)
	}
	s.recursive = p.skipName("recursive")
	p.expectBlockEnd()
	soft := p.soft
	p.soft = 0
	p.loops++
	s.body = p.statements("else", "endfor")
	p.loops--
	if p.next().text == "else" {
		s.orElse = p.block("endfor")
	} else {
		p.expectBlockEnd()
	}
	p.soft = soft
	return s
}

func (p *parser) setTag() stmt {
	t := p.target(false)
	if p.skipOp("=") {
		value := p.tuple(tupleOptions{withCond: true})
		p.expectBlockEnd()
		return setStmt{t, value}
	}
	var filters []*filterExpr
	if p.isOp("|") {
		filters = p.filters(nil)
	}
	return setBlockStmt{t, filters, p.block("endset")}
}

func (p *parser) filterTag() []*filterExpr {
	first := p.filter(nil)
	return append([]*filterExpr{first}, p.filters(nil)...)
}

// filters reads | name(...) | name(...): a chain for a block.
func (p *parser) filters(list []*filterExpr) []*filterExpr {
	for p.skipOp("|") {
		list = append(list, p.filter(nil))
	}
	return list
}

func (p *parser) withTag() stmt {
	var s withStmt
	for p.token().kind != tokBlockEnd {
		if len(s.targets) > 0 {
			p.expectOp(",")
		}
		s.targets = append(s.targets, p.target(false))
		p.expectOp("=")
		s.values = append(s.values, p.expression(true))
	}
	s.body = p.block("endwith")
	return s
}

func (p *parser) blockTag() stmt {
	p.identifier()
	p.skipName("scoped")
	p.skipName("required")
	p.expectBlockEnd()
	loops := p.loops
	p.loops = 0
	body := p.statements("endblock")
	p.loops = loops
	p.next()
	if p.token().kind == tokName {
		p.next()
	}
	p.expectBlockEnd()
	return blockStmt{body}
}

func (p *parser) printTag() stmt {
	var s printStmt
	for p.token().kind != tokBlockEnd {
		if len(s.parts) > 0 {
			p.expectOp(",")
		}
		s.parts = append(s.parts, p.expression(true))
	}
	p.expectBlockEnd()
	return s
}

func (p *parser) macroTag() stmt {
	m := &macroDef{name: p.identifier()}
	p.signature(m)
	p.macroBody(m, "endmacro")
	return macroStmt{m}
}

func (p *parser) callTag() stmt {
	m := &macroDef{name: "caller"}
	if p.isOp("(") {
		p.signature(m)
	}
	call, ok := p.expression(true).(*callExpr)
	if !ok {
		p.fail("a call is expected in {%% call %%}")
	}
	p.macroBody(m, "endcall")
	return callStmt{call, m}
}

func (p *parser) signature(m *macroDef) {
	p.expectOp("(")
	for !p.isOp(")") {
		if len(m.parameters) > 0 {
			p.expectOp(",")
		}
		m.parameters = append(m.parameters, p.identifier())
		if p.skipOp("=") {
			m.defaults = append(m.defaults, p.expression(true))
		} else if len(m.defaults) > 0 {
			p.fail("a parameter without a default follows one that has one")
		}
	}
	p.next()
}

func (p *parser) macroBody(m *macroDef, end string) {
	loops, soft := p.loops, p.soft
	p.loops, p.soft = 0, 0
	p.macros = append(p.macros, m)
	m.body = p.block(end)
	p.macros = p.macros[:len(p.macros)-1]
	p.loops, p.soft = loops, soft
}

// target reads what is assigned to. In a for loop it ends before "in".
func (p *parser) target(inLoop bool) target {
	var list []target
	for {
		list = append(list, p.oneTarget(inLoop))
		if !p.skipOp(",") {
			if len(list) == 1 {
				return list[0]
			}
			return target{several: list}
		}
		if p.isOp("=") || p.isName("in") {
			return target{several: list}
		}
	}
}

func (p *parser) oneTarget(inLoop bool) target {
	if p.skipOp("(") {
		t := p.target(inLoop)
		p.expectOp(")")
		return t
	}
	name := p.identifier()
	switch name {
	case "true", "false", "none", "True", "False", "None":
		p.fail("can't assign to '%s'", name)
	case "loop":
		if inLoop {
			p.fail("'loop' belongs to the loop itself and can't be assigned to")
		}
	}
	if !inLoop && p.skipOp(".") {
		return target{name: name, attribute: p.identifier()}
	}
	return target{name: name}
}
