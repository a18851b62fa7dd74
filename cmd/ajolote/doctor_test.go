package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/internal/library"
	"github.com/ajolote-ai/ajolote/internal/library/librarytest"
)

// TestMain lets this test binary stand in for the command: libtorch is opened once per process, so each case of a
// doctor needs a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("AJOLOTE_TEST_COMMAND") != "" {
		os.Args = append([]string{"ajolote"}, os.Args[1:]...)
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// ajolote runs the command in a process of its own and returns its output and exit status.
func ajolote(t *testing.T, env []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), "AJOLOTE_TEST_COMMAND=1"), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// needCompiler skips a test that compiles something where there is no C++ compiler.
func needCompiler(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("c++"); err != nil {
		t.Skip("no C++ compiler")
	}
}

func TestDoctorDescribesALibraryThatWorks(t *testing.T) {
	librarytest.Need(t)
	out, errs, status := ajolote(t, nil, "doctor", "--json")
	require.Zero(t, status, out+errs)
	var d map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &d))
	require.Equal(t, "2.11.0", d["torch_version"])
	require.Greater(t, d["abi"], 0.)
	require.FileExists(t, d["library"].(string))
	require.Contains(t, []any{"cpu", "cuda:0"}, d["device"])
	require.GreaterOrEqual(t, d["threads"], 1.)
	require.NotEmpty(t, d["cpu_features"])
	require.Contains(t, []any{"float32", "bfloat16"}, d["compute_dtype"])
	require.NotEmpty(t, d["kernels"])
	require.NotContains(t, d, "error")

	out, _, status = ajolote(t, nil, "doctor")
	require.Zero(t, status)
	require.Contains(t, out, ": used\n")
	require.Contains(t, out, d["library"])
}

func TestDoctorSaysWhatIsWrongAndHowToMendIt(t *testing.T) {
	needCompiler(t)
	// shim compiles a shared library of a text, in a place that looks whole.
	shim := func(t *testing.T, text string) string {
		dir := t.TempDir()
		lib := filepath.Join(dir, "torch", "lib")
		require.NoError(t, os.MkdirAll(lib, 0o755))
		for _, name := range []string{"libtorch_cpu", "libc10"} {
			require.NoError(t, os.WriteFile(filepath.Join(lib, name+library.LibrarySuffix), nil, 0o644))
		}
		cmd := exec.Command("c++", "-x", "c++", "-", "-shared", "-fPIC", "-o", filepath.Join(dir, library.ShimName()))
		cmd.Stdin = strings.NewReader(text)
		message, err := cmd.CombinedOutput()
		require.NoError(t, err, string(message))
		return dir
	}
	table := func(abi, torch string) string {
		return `struct { long long abi, entries; const char* torch; const char* functions; } t = {` + abi + `, 1, "` + torch + `", "release\n"};` +
			`extern "C" const void* ajolote_table() { return &t; }`
	}
	for _, c := range []struct {
		name string
		dir  func(t *testing.T) string
		want []string
		mend string // part of the command
	}{
		{"nothing there", func(t *testing.T) string { return filepath.Join(t.TempDir(), "none") }, []string{"no usable library in any of these places", "not there"}, "setup --dir "},
		{"half a library", func(t *testing.T) string {
			dir := shim(t, "int x;")
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "torch")))
			return dir
		}, []string{"is there, but no torch/lib/libtorch_cpu" + library.LibrarySuffix + " beside it"}, "setup --dir "},
		{"damaged file", func(t *testing.T) string {
			dir := shim(t, "int x;")
			require.NoError(t, os.WriteFile(filepath.Join(dir, library.ShimName()), []byte("damaged"), 0o644))
			return dir
		}, []string{library.ShimName()}, " --force"},
		{"another library", func(t *testing.T) string { return shim(t, "int x;") }, []string{"ajolote_table"}, " --force"},
		{"another ABI", func(t *testing.T) string { return shim(t, table("99", "2.11.0")) }, []string{"ABI", "99"}, " --force"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := c.dir(t)
			out, _, status := ajolote(t, []string{library.Override + "=" + dir}, "doctor", "--json")
			require.Equal(t, 1, status, out)
			var d diagnosis
			require.NoError(t, json.Unmarshal([]byte(out), &d))
			for _, want := range c.want {
				require.Contains(t, out, want)
			}
			require.NotEmpty(t, d.Error)
			require.Contains(t, d.Mend, c.mend)
			require.Contains(t, d.Mend, dir, "the mend is for the place that AJOLOTE_LIB names")

			out, _, status = ajolote(t, []string{library.Override + "=" + dir}, "doctor")
			require.Equal(t, 1, status)
			require.True(t, strings.HasSuffix(out, "To mend it, run: "+d.Mend+"\n"), out)
		})
	}
}
