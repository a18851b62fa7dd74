// Comparing topics (reference: compare_semantic_queries).

package eval

import (
	"fmt"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// The rules by which two topics are compared, in the order in which they are tried. All but RuleOneEmpty and RuleNone are matches.
const (
	RuleBothEmpty = "both_empty" // neither has one
	RuleOneEmpty  = "one_empty"  // one has none
	RuleExact     = "exact"      // equal but for case and outer spaces
	RuleCanonical = "canonical"  // equivalent as a whole
	RuleOverlap   = "overlap"    // more than half of the larger set of concepts is shared
	RuleNone      = "none"
)

// Overlap is the number of concepts that two topics share, and the size of the larger set.
type Overlap struct {
	Shared int `json:"shared"`
	Larger int `json:"larger"`
}

// compareSemantic returns the rule that decided, and the overlap when it came to that.
func (l *TermList) compareSemantic(predicted, gold any) (rule string, match bool, overlap *Overlap, err error) {
	switch p, g := pyjson.Truthy(predicted), pyjson.Truthy(gold); {
	case !p && !g:
		return RuleBothEmpty, true, nil, nil
	case !p || !g:
		return RuleOneEmpty, false, nil, nil
	}
	p, ok := predicted.(string)
	if !ok {
		return "", false, nil, fmt.Errorf("%s cannot be compared (predicted)", pyjson.Kind(predicted))
	}
	g, ok := gold.(string)
	if !ok {
		return "", false, nil, fmt.Errorf("%s cannot be compared (gold)", pyjson.Kind(gold))
	}
	p, g = normal(p), normal(g)
	if p == g {
		return RuleExact, true, nil, nil
	}
	if c := l.term(p); c != "" && c == l.term(g) {
		return RuleCanonical, true, nil, nil
	}
	pc, gc := l.concepts(p), l.concepts(g)
	if len(pc) == 0 || len(gc) == 0 {
		return RuleNone, false, nil, nil
	}
	o := &Overlap{Larger: max(len(pc), len(gc))}
	for concept := range pc {
		if _, both := gc[concept]; both {
			o.Shared++
		}
	}
	if 2*o.Shared > o.Larger {
		return RuleOverlap, true, o, nil
	}
	return RuleNone, false, o, nil
}

// concepts are the canonical forms of the words of a normal form. A word may stand for a phrase; a phrase inside a longer text is not found.
func (l *TermList) concepts(text string) map[string]struct{} {
	set := map[string]struct{}{}
	for _, word := range pyjson.Words(text) {
		if c := l.term(word); c != "" {
			set[c] = struct{}{}
		}
	}
	return set
}
