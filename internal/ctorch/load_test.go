package ctorch

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/internal/library"
)

func TestLibrariesThatDoNotFitAreRefusedWithAReason(t *testing.T) {
	for name, c := range map[string]struct {
		flag string
		want []string
	}{
		"another ABI":         {"CHANGED_ABI", []string{"needs ABI 2, the library has ABI 99"}},
		"other functions":     {"CHANGED_FUNCTIONS", []string{`first at "describe"`, "the library 3"}},
		"another libtorch":    {"CHANGED_VERSION", []string{"needs libtorch 2.11.0, the library was built with 1.13.1"}},
		"no table":            {"NO_TABLE", []string{"no symbol ajolote_table"}},
		"no shared library":   {"", []string{"file too short"}},
		"no file of the sort": {"-", []string{"No such file"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "libfake.so")
			switch c.flag {
			case "":
				require.NoError(t, os.WriteFile(path, []byte("text"), 0o644))
			case "-":
			default:
				compile(t, path, "-D"+c.flag)
			}
			_, err := open(Library{Found: library.Found{Shim: path}})
			require.ErrorContains(t, err, path)
			for _, want := range append(c.want, "To mend it, run: ", " setup --force") {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func compile(t *testing.T, out string, flags ...string) {
	compiler := cmp.Or(os.Getenv("CC"), "cc")
	if _, err := exec.LookPath(compiler); err != nil {
		t.Skip("no C compiler")
	}
	text, err := exec.Command(compiler, append(flags, "-shared", "-fPIC", "-I.", "-o", out, "testdata/fake.c")...).CombinedOutput()
	require.NoError(t, err, "%s", text)
}

func TestDirectivesListEveryFunction(t *testing.T) {
	read := func(path, pattern string) (names []string) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			names = append(names, match[1])
		}
		return names
	}
	functions := read("ops.h", `(?m)^AJ_OP\((\w+),`)
	require.NotEmpty(t, functions)
	for _, directive := range []string{"noescape", "nocallback"} {
		require.ElementsMatch(t, functions, read("directives.go", `(?m)^#cgo `+directive+` aj_(\w+)$`),
			"directives.go must have a line #cgo %s aj_NAME for each function of ops.h", directive)
	}
	sources, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var all strings.Builder
	for _, path := range sources {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		all.Write(text)
	}
	for _, name := range functions {
		require.Contains(t, all.String(), "C.aj_"+name+"(", "no Go function calls %s", name)
	}
}
