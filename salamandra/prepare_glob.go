package salamandra

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// This file: file patterns as Python's pathlib takes them. * and ? and […] match inside a name, also of hidden files; [!…]
// matches other characters; ** as a whole part stands for any depth of folders, without following links.

// pythonGlob lists what matches the pattern below a folder, sorted by path, part by part in code-point order.
func pythonGlob(folder, pattern string) ([]string, error) {
	if pattern == "" || strings.HasPrefix(pattern, "/") {
		return nil, fmt.Errorf("the pattern %q is empty or absolute; want one relative to the input folder, such as batch*.json", pattern)
	}
	found := map[string]bool{}
	parts := strings.FieldsFunc(pattern, func(r rune) bool { return r == '/' })
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "." })
	for _, p := range parts {
		if p != "**" && strings.Contains(p, "**") {
			return nil, fmt.Errorf("the pattern %q has ** inside a name; it can only be a whole part", pattern)
		}
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("the pattern %q names nothing", pattern)
	}
	matchParts(nil, folder, parts, found)
	paths := make([]string, 0, len(found))
	for p := range found {
		paths = append(paths, p)
	}
	slices.SortFunc(paths, func(a, b string) int { return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/")) })
	for i, p := range paths {
		paths[i] = filepath.Join(folder, p)
	}
	return paths, nil
}

// matchParts adds the paths below folder/at that match parts, as paths relative to folder.
func matchParts(at []string, folder string, parts []string, found map[string]bool) {
	here := filepath.Join(append([]string{folder}, at...)...)
	if len(parts) == 0 {
		if len(at) > 0 {
			found[strings.Join(at, "/")] = true
		}
		return
	}
	below := func(name string) []string { return append(slices.Clip(at), name) }
	part, rest := parts[0], parts[1:]
	switch {
	case part == "**":
		matchParts(at, folder, rest, found)
		for _, e := range entries(here) {
			if e.IsDir() {
				matchParts(below(e.Name()), folder, parts, found)
			}
		}
	case !strings.ContainsAny(part, "*?["):
		if _, err := os.Stat(filepath.Join(here, part)); err == nil {
			matchParts(below(part), folder, rest, found)
		}
	default:
		matches := fnmatch(part)
		for _, e := range entries(here) {
			if matches.MatchString(e.Name()) && (len(rest) == 0 || isFolder(filepath.Join(here, e.Name()))) {
				matchParts(below(e.Name()), folder, rest, found)
			}
		}
	}
}

// entries lists a folder; one that cannot be read has none.
func entries(folder string) []os.DirEntry {
	list, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	return list
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// fnmatch turns one part of a pattern into a regular expression, by the rules of Python's fnmatch.
func fnmatch(pattern string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for rest := []rune(pattern); len(rest) > 0; {
		c := rest[0]
		rest = rest[1:]
		switch c {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		case '[':
			end := classEnd(rest)
			if end < 0 {
				b.WriteString(`\[`)
				continue
			}
			b.WriteString(class(rest[:end]))
			rest = rest[end+1:]
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String())
}

// classEnd finds the bracket that closes a class; one right at its beginning belongs to the class. -1: there is none.
func classEnd(rest []rune) int {
	i := 0
	if i < len(rest) && rest[i] == '!' {
		i++
	}
	if i < len(rest) && rest[i] == ']' {
		i++
	}
	for ; i < len(rest); i++ {
		if rest[i] == ']' {
			return i
		}
	}
	return -1
}

// class writes a class of characters; one that holds nothing, as [b-a], matches nothing.
func class(inside []rune) string {
	negated := inside[0] == '!'
	if negated {
		inside = inside[1:]
	}
	var b strings.Builder
	for i := 0; i < len(inside); i++ {
		low, high := inside[i], inside[i]
		if i+2 < len(inside) && inside[i+1] == '-' {
			high = inside[i+2]
			i += 2
		}
		if low <= high {
			fmt.Fprintf(&b, `\x{%x}-\x{%x}`, low, high)
		}
	}
	switch {
	case b.Len() == 0 && negated:
		return "."
	case b.Len() == 0:
		return `[^\x{0}-\x{10ffff}]`
	case negated:
		return "[^" + b.String() + "]"
	}
	return "[" + b.String() + "]"
}
