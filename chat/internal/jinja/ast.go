package jinja

// The nodes of a parsed template.

// expr is an expression.
type expr interface{ eval(s *scope) Value }

// stmt is a statement.
type stmt interface{ run(s *scope, out *output) }

type (
	literal    struct{ value Value }
	nameExpr   struct{ name string }
	listExpr   struct{ items []expr }
	tupleExpr  struct{ items []expr }
	dictExpr   struct{ keys, values []expr }
	negExpr    struct{ of expr }
	posExpr    struct{ of expr }
	notExpr    struct{ of expr }
	andExpr    struct{ left, right expr }
	orExpr     struct{ left, right expr }
	concatExpr struct{ parts []expr }
	condExpr   struct{ test, yes, no expr } // no may be nil

	// binaryExpr is arithmetic: + - * / // % **
	binaryExpr struct {
		op          string
		left, right expr
	}
	// compareExpr is a chain of comparisons: a < b <= c.
	compareExpr struct {
		first expr
		ops   []string // ==, !=, <, <=, >, >=, in, not in
		rest  []expr
	}
	attrExpr struct {
		of   expr
		name string
	}
	itemExpr struct{ of, key expr }
	// sliceExpr is a key of the form from:to:step; each may be nil.
	sliceExpr struct{ from, to, step expr }
	callExpr  struct {
		of   expr
		args args
	}
	filterExpr struct {
		name string
		of   expr // nil inside a filter block
		args args
	}
	testExpr struct {
		name string
		of   expr
		args args
	}
)

// args are the arguments of a call.
type args struct {
	positional []expr
	names      []string
	named      []expr
	more       expr // *more
	moreNamed  expr // **moreNamed
}

type (
	textStmt  struct{ text Text }
	printStmt struct{ parts []expr }
	ifStmt    struct {
		tests  []expr
		bodies [][]stmt
	} // the last body has no test when it is an else
	forStmt struct {
		target    target
		over      expr
		where     expr // may be nil
		body      []stmt
		orElse    []stmt
		recursive bool
	}
	setStmt struct {
		target target
		value  expr
	}
	// setBlockStmt is {% set x %}...{% endset %}, perhaps with filters.
	setBlockStmt struct {
		target  target
		filters []*filterExpr
		body    []stmt
	}
	filterStmt struct {
		filters []*filterExpr
		body    []stmt
	}
	withStmt struct {
		targets []target
		values  []expr
		body    []stmt
	}
	macroStmt struct {
		macro *macroDef
	}
	callStmt struct {
		call   *callExpr
		caller *macroDef
	}
	generationStmt struct{ body []stmt }
	blockStmt      struct{ body []stmt }
	jumpStmt       struct{ signal signal }
	// lined gives the faults of a statement their line.
	lined struct {
		line int
		stmt
	}
)

// signal is how break and continue leave the body of a loop.
type signal int

const (
	breakLoop signal = iota
	continueLoop
)

// target is what a value is assigned to: a name, an attribute of a namespace, or
// several targets.
type target struct {
	name      string
	attribute string
	several   []target
}

// macroDef is a macro as it is written.
type macroDef struct {
	name       string
	parameters []string
	defaults   []expr // of the last parameters
	body       []stmt
	// Which of these the body uses decides whether the macro takes more
	// arguments than it names.
	varargs, kwargs, caller bool
}
