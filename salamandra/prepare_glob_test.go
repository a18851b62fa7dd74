package salamandra

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPatternsMatchNamesAsPythonsFnmatch(t *testing.T) {
	names := []string{"a", "b", "ab", "a-b", "]", "[", "!", "-", "a.json", ".a", "A", "é", "a\nb", "^", "[a]", "\\"}
	// From fnmatch.fnmatchcase of Python 3.11.
	for pattern, want := range map[string]string{
		"*":        "a|b|ab|a-b|]|[|!|-|a.json|.a|A|é|a\nb|^|[a]|\\",
		"?":        "a|b|]|[|!|-|A|é|^|\\",
		"[ab]":     "a|b",
		"[!ab]":    "]|[|!|-|A|é|^|\\",
		"[]]":      "]",
		"[!]]":     "a|b|[|!|-|A|é|^|\\",
		"[]-a]":    "a|]|^",
		"[a-c]":    "a|b",
		"[c-a]":    "",
		"[!c-a]":   "a|b|]|[|!|-|A|é|^|\\",
		"[":        "[",
		"[a":       "",
		"a*b":      "ab|a-b|a\nb",
		"[-]":      "-",
		"[a-]":     "a|-",
		"[!-]":     "a|b|]|[|!|A|é|^|\\",
		"*.json":   "a.json",
		".*":       ".a",
		"[^a]":     "a|^",
		"[é]":      "é",
		"[[]a]":    "[a]",
		"\\":       "\\",
		"[\\]":     "\\",
		"[!a-]":    "b|]|[|!|A|é|^|\\",
		"[a-cx-z]": "a|b",
	} {
		var got []string
		for _, name := range names {
			if fnmatch(pattern).MatchString(name) {
				got = append(got, name)
			}
		}
		require.Equal(t, want, strings.Join(got, "|"), "pattern %s", pattern)
	}
}

func TestFilesAreSortedByTheirPathsPartByPart(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"a/z.json", "a b/c.json", "a/b/c.json", "a.json", "B.json", "a/y/../x.json"} {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, 0o644))
	}
	require.NoError(t, os.Symlink(folder, filepath.Join(folder, "a", "loop")))
	found, err := pythonGlob(folder, "**/*.json")
	require.NoError(t, err)
	for i, path := range found {
		found[i], err = filepath.Rel(folder, path)
		require.NoError(t, err)
	}
	require.Equal(t, []string{"B.json", "a/b/c.json", "a/x.json", "a/z.json", "a b/c.json", "a.json"}, found)
}
