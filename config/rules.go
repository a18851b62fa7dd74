package config

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Action is what a Rule does with a key.
type Action int

const (
	// Ignore accepts the key and says in a Notice that it has no effect.
	Ignore Action = iota
	// Refuse makes the key a fault: going on without it would do something else than was asked for.
	Refuse
	// Rename reads the value into the field of another key, with a Notice.
	Rename
)

// Rule says what becomes of a key that is no field of the struct. A value that switches nothing on (empty, false, 0, an empty
// list or mapping) is passed over in silence by Ignore and Refuse.
type Rule struct {
	// Key is a path without list indices: wandb_watch, datasets.shards. A star at its end stands for any rest: comet_*.
	Key string
	Do  Action
	// To is the new name, for Rename: a key of the same mapping.
	To string
	// Why is the reason: what to do instead, or what does the same here.
	Why string
	// Only limits the rule to these values, in lower case; other values are passed over, or fall to a later rule of the key.
	Only []string
	// Except names values, in lower case, that are passed over like those that switch nothing on.
	Except []string
}

// ruleFor returns the first rule for a key, preferring one that concerns the value.
func ruleFor(rules []Rule, path string, value *yaml.Node) (Rule, bool) {
	var first *Rule
	for i, r := range rules {
		stem, open := strings.CutSuffix(r.Key, "*")
		if r.Key != path && (!open || !strings.HasPrefix(path, stem)) {
			continue
		}
		if r.concerns(value) {
			return r, true
		}
		if first == nil {
			first = &rules[i]
		}
	}
	if first == nil {
		return Rule{}, false
	}
	return *first, true
}

func (r Rule) concerns(value *yaml.Node) bool {
	if r.Only != nil {
		return slices.Contains(r.Only, strings.ToLower(value.Value))
	}
	return r.Do == Rename || switchesOn(value) && !slices.Contains(r.Except, strings.ToLower(value.Value))
}

func switchesOn(n *yaml.Node) bool {
	switch {
	case isNull(n):
		return false
	case n.Kind != yaml.ScalarNode:
		return len(n.Content) > 0
	case strings.TrimSpace(n.Value) == "":
		return false
	}
	if b, ok := ParseBool(n.Value); ok {
		return b
	}
	x, err := parseNumber(n.Value)
	return err != nil || x != 0
}

// suggestion names the known key that is nearest to an unknown one: "; did you mean lora_r?", or nothing when none is near.
func suggestion(key, path string, fields map[string]field, rules []Rule) string {
	best, bestDistance := "", max(1, len(key)/3)+1
	consider := func(candidate string) {
		d := editDistance(key, candidate)
		if len(key) > 4 && strings.HasPrefix(candidate, key) { // cut short: adam_eps
			d = 1
		}
		if d < bestDistance || d == bestDistance && best != "" && candidate < best {
			best, bestDistance = candidate, d
		}
	}
	for k := range fields {
		consider(k)
	}
	if best == "" { // a key that does nothing is a second choice
		for _, r := range rules {
			if last, ok := strings.CutPrefix(r.Key, prefixOf(path)); ok && !strings.ContainsAny(last, ".*") {
				consider(last)
			}
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

func prefixOf(path string) string {
	if path == "" {
		return ""
	}
	return path + "."
}

// editDistance counts the insertions, deletions, replacements and swaps of neighbours that turn a into b (the restricted
// distance of Damerau and Levenshtein).
func editDistance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
