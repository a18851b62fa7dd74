package hub

// Names of repositories and patterns of files, as huggingface_hub has them.

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// A RepoType is the kind of a repository.
type RepoType string

// The kinds of repositories that can be fetched. The empty type is Model.
const (
	Model   RepoType = "model"
	Dataset RepoType = "dataset"
)

// repo is a valid name of a repository.
type repo struct {
	kind RepoType
	id   string // "org/name" or, of old models, "name"
}

var (
	repoID     = regexp.MustCompile(`^([A-Za-z0-9_][\w.-]{0,95}/)?[A-Za-z0-9_]([\w.-]{0,94}[A-Za-z0-9_])?$`)
	commitHash = regexp.MustCompile(`^[0-9a-f]{40}$`)
	blobName   = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
)

func newRepo(kind RepoType, id string) (repo, error) {
	if kind == "" {
		kind = Model
	}
	if kind != Model && kind != Dataset {
		return repo{}, fmt.Errorf("%q is no type of repository: it must be %q or %q", kind, Model, Dataset)
	}
	if !repoID.MatchString(id) || strings.Contains(id, "--") || strings.Contains(id, "..") || strings.HasSuffix(id, ".git") {
		return repo{}, fmt.Errorf("%q is neither a folder that exists nor the name of a repository (org/name: letters, digits, '-', '_' and '.')", id)
	}
	return repo{kind, id}, nil
}

// folder is the repository's folder inside a cache: models--org--name.
func (r repo) folder() string {
	return string(r.kind) + "s--" + strings.ReplaceAll(r.id, "/", "--")
}

// page is the path of the repository's page, and of its files, on the hub.
func (r repo) page() string {
	if r.kind == Dataset {
		return "/datasets/" + r.id
	}
	return "/" + r.id
}

func (r repo) String() string {
	if r.kind == Model {
		return r.id
	}
	return string(r.kind) + " " + r.id
}

// ModelFiles are patterns for [Request.Allow] of what a model needs here:
// weights as safetensors, configuration, tokenizer and chat template; not the
// same weights in other formats.
func ModelFiles() []string {
	return []string{"*.safetensors", "*.json", "*.jinja", "*.model", "*.txt"}
}

// matcher tells which files of a repository are wanted.
type matcher struct{ allow, ignore []*regexp.Regexp }

func newMatcher(allow, ignore []string) matcher {
	var m matcher
	for _, p := range allow {
		m.allow = append(m.allow, pattern(p))
	}
	for _, p := range ignore {
		m.ignore = append(m.ignore, pattern(p))
	}
	return m
}

func (m matcher) wants(path string) bool {
	wanted := len(m.allow) == 0
	for _, p := range m.allow {
		wanted = wanted || p.MatchString(path)
	}
	for _, p := range m.ignore {
		wanted = wanted && !p.MatchString(path)
	}
	return wanted
}

// pattern translates a pattern of Python's fnmatch, where * and ? match a slash
// too. A pattern that ends in a slash stands for everything in that folder.
func pattern(p string) *regexp.Regexp {
	p = filepath.ToSlash(p)
	if strings.HasSuffix(p, "/") {
		p += "*"
	}
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for i := 0; i < len(p); {
		switch c := p[i]; {
		case c == '*':
			b.WriteString(".*")
		case c == '?':
			b.WriteString(".")
		case c == '[':
			if set, n := bracket(p[i:]); n > 0 {
				b.WriteString(set)
				i += n
				continue
			}
			b.WriteString(`\[`)
		default:
			n := 1
			for i+n < len(p) && !strings.ContainsRune("*?[", rune(p[i+n])) {
				n++
			}
			b.WriteString(regexp.QuoteMeta(p[i : i+n]))
			i += n
			continue
		}
		i++
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String())
}

// bracket translates a set like [abc] or [!a-z] at the head of p and says how
// long it is; 0 when the bracket is not closed or the set is impossible.
func bracket(p string) (set string, length int) {
	start := 1
	if strings.HasPrefix(p[1:], "!") {
		start = 2
	}
	if start >= len(p) {
		return "", 0
	}
	end := strings.IndexByte(p[start+1:], ']') // a ] right at the start is a member
	if end < 0 {
		return "", 0
	}
	end += start + 1
	members := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(p[start:end])
	set = "[" + members + "]"
	if start == 2 {
		set = "[^" + members + "]"
	}
	if _, err := regexp.Compile(set); err != nil {
		return "", 0
	}
	return set, end + 1
}
