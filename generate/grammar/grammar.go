// Package grammar turns a JSON Schema into a grammar of texts, byte by byte, and the grammar into the sets of tokens with
// which a model may go on, so that what it writes is JSON of the schema by construction.
//
// The texts are a subset of what the schema allows: keys come in the schema's order, white space is that of one layout,
// objects have no keys beside the declared ones unless additionalProperties asks for them, and numbers have at most 15 digits
// on either side of the point. Keywords that cannot be honoured are errors that name them.
//
// Sources: Willard and Louf, "Efficient Guided Generation", 2023 (masks per automaton state); Moskal et al., LLGuidance (the
// walk over a trie of tokens); Dong et al., "XGrammar", 2024 (tokens that a string admits whatever surrounds it).
package grammar

import (
	"errors"
	"fmt"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// Options say how values are written.
type Options struct {
	// Compact writes no white space; otherwise every item has a line of its own, two spaces deeper than what it is in, as
	// Python's json.dumps(indent=2) and the query parser's training examples have it.
	Compact bool
	// AllProperties writes every declared property, required or not.
	AllProperties bool
}

// Compile makes the grammar of a JSON Schema (draft 2020-12, and what earlier drafts share with it). The error names the
// place and the keyword that it cannot honour.
func Compile(schema []byte, o Options) (*Grammar, error) {
	root, err := pyjson.Unmarshal(string(schema))
	if err != nil {
		return nil, fmt.Errorf("grammar: the schema: %w", err)
	}
	c := &compiler{builder: newBuilder(), o: o, root: root, shared: map[string]int32{}}
	begin, err := c.value(root, "#", stepAccept)
	if err != nil {
		return nil, fmt.Errorf("grammar: %w", err)
	}
	if c.leftRecursive() {
		return nil, errors.New("grammar: $ref: a schema refers to itself without anything between")
	}
	c.measure()
	if c.nodes[begin].dist >= impossible {
		return nil, errors.New("grammar: no value of finite length can satisfy the schema")
	}
	g := &Grammar{nodes: c.nodes, frames: map[frameKey]*frame{}, states: map[string]*State{}}
	start := closure{g: g}
	start.add(begin, nil)
	g.start = g.state(&start)
	return g, nil
}

// leftRecursive says whether a call leads to itself before a byte is read.
func (b *builder) leftRecursive() bool {
	const (
		unseen = iota
		open
		done
	)
	mark := make([]uint8, len(b.nodes))
	var path []int32
	var visit func(pc int32) bool
	visit = func(pc int32) bool {
		switch mark[pc] {
		case done:
			return false
		case open:
			for i := len(path) - 1; path[i] != pc; i-- {
				if op := b.nodes[path[i]].op; op == opCall || op == opNest {
					return true
				}
			}
			return b.nodes[pc].op == opCall || b.nodes[pc].op == opNest
		}
		mark[pc] = open
		path = append(path, pc)
		n := &b.nodes[pc]
		var to []int32
		switch n.op {
		case opSplit:
			to = n.alts
		case opCall, opNest:
			to = []int32{n.sub}
		case opLoop, opIndent:
			to = []int32{n.sub, n.next}
		}
		for _, next := range to {
			if visit(next) {
				return true
			}
		}
		mark[pc] = done
		path = path[:len(path)-1]
		return false
	}
	for pc := range b.nodes { // what begins with a byte is not followed, so every step is a start
		if visit(int32(pc)) {
			return true
		}
	}
	return false
}
