package config

import (
	"fmt"
	"strconv"
	"strings"
)

// This file: key paths. A path is the keys from the top, joined by dots, with list items in brackets: datasets[0].path. A key
// that itself has a dot, a bracket, a quote or a space is written in double quotes: lora_rank_pattern."layers.0.q_proj".

// join appends a key to a path.
func join(path, key string) string {
	if key == "" || strings.ContainsAny(key, ".[]\"= \t\n") {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func item(path string, index int) string { return fmt.Sprintf("%s[%d]", path, index) }

// parent cuts the last key or index off a path.
func parent(path string) string {
	steps, err := parsePath(path)
	if err != nil || len(steps) < 2 {
		return ""
	}
	at := ""
	for _, s := range steps[:len(steps)-1] {
		at = s.after(at)
	}
	return at
}

// overlap tells whether one path lies at or within the other.
func overlap(a, b string) bool {
	within := func(inner, outer string) bool {
		rest, ok := strings.CutPrefix(inner, outer)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	}
	return within(a, b) || within(b, a)
}

// general drops the list indices of a path: datasets[0].path becomes datasets.path, as rules name it.
func general(path string) string {
	steps, err := parsePath(path)
	if err != nil {
		return path
	}
	at := ""
	for _, s := range steps {
		if !s.isIndex {
			at = s.after(at)
		}
	}
	return at
}

// step is one part of a path: a key or a list index.
type step struct {
	key     string
	index   int
	isIndex bool
}

func (s step) after(path string) string {
	if s.isIndex {
		return item(path, s.index)
	}
	return join(path, s.key)
}

// parsePath takes a path apart. Beside brackets it takes an index after a dot: datasets.0.path; whether a number is a key or
// an index only the tree can tell, so such a step is a key here.
func parsePath(path string) ([]step, error) {
	var steps []step
	rest := path
	for first := true; rest != "" || first; first = false {
		switch {
		case strings.HasPrefix(rest, "[") && !first:
			inner, after, ok := strings.Cut(rest[1:], "]")
			index, err := strconv.Atoi(inner)
			if !ok || err != nil || index < 0 {
				return nil, fmt.Errorf("%s: want a list index such as [0]", rest)
			}
			steps, rest = append(steps, step{index: index, isIndex: true}), after
			continue
		case !first:
			if !strings.HasPrefix(rest, ".") {
				return nil, fmt.Errorf("%s: want a dot or a list index", rest)
			}
			rest = rest[1:]
		}
		var key string
		if strings.HasPrefix(rest, `"`) {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return nil, fmt.Errorf("%s: the quote is not closed", rest)
			}
			if key, err = strconv.Unquote(quoted); err != nil {
				return nil, fmt.Errorf("%s: %w", quoted, err)
			}
			rest = rest[len(quoted):]
		} else {
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			if key = rest[:end]; key == "" {
				return nil, fmt.Errorf("a key is missing in %q", path)
			}
			rest = rest[end:]
		}
		steps = append(steps, step{key: key})
	}
	return steps, nil
}
