package setup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/internal/library"
)

// toySources is a csrc with two units and a header that one of them includes through another.
func toySources() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"csrc/compile_flags.txt":  file("-std=c++17\n-O0\n-fPIC\n"),
		"csrc/answer.cc":          file("#include \"shim.h\"\n#include <ATen/core/Tensor.h>\nextern \"C\" int answer() { return torch_answer() + OFFSET; }\n"),
		"csrc/shim.h":             file("#include \"../internal/ctorch/abi.h\"\n"),
		"csrc/kernels/kernel.cc":  file("extern \"C\" int kernel() { return 7; }\n"),
		"csrc/shim_test.cc":       file("this is not compiled"),
		"internal/ctorch/abi.h":   file("#define OFFSET 0\n"),
		"internal/ctorch/other.h": file("nobody includes this"),
	}
}

// shelf is a source that has wheels, and counts what is taken.
type shelf struct {
	content map[string][]byte
	mu      sync.Mutex
	taken   []string
}

func (s *shelf) String() string { return "the shelf" }

func (s *shelf) get(_ context.Context, w Wheel, dir string, _ func(Event)) error {
	s.mu.Lock()
	s.taken = append(s.taken, w.Project)
	s.mu.Unlock()
	content, ok := s.content[w.File]
	if !ok {
		return errors.New("not on the shelf")
	}
	return os.WriteFile(filepath.Join(dir, w.File), content, 0o644)
}

// toyJob is a set-up of a toy libtorch into a new directory. Its events gather in the returned slice.
func toyJob(t *testing.T) (*job, *shelf, *[]Event) {
	t.Helper()
	content := zipped(t, toyTorch(t))
	w := wheelOf("torch", content)
	s := &shelf{content: map[string][]byte{w.File: content}}
	root := t.TempDir()
	events := &[]Event{}
	cache := filepath.Join(root, "cache")
	return &job{
		Options: Options{Report: func(e Event) { *events = append(*events, e) }},
		lock:    Lock{Wheels: []Wheel{w}}, sources: toySources(), cache: cache,
		target:     chooseTarget("", "", cache),
		findSource: func(context.Context) (source, error) { return s, nil },
	}, s, events
}

// compiled counts the files that were compiled.
func compiled(events []Event) int64 {
	var n int64
	for _, e := range events {
		if e.Stage == Compile {
			n = max(n, e.Done)
		}
	}
	return n
}

// call runs a function of the shim in a process of its own.
func call(t *testing.T, shim, function string) string {
	t.Helper()
	dir := t.TempDir()
	program := fmt.Sprintf("#include <dlfcn.h>\n#include <cstdio>\nint main() { void* l = dlopen(%q, RTLD_NOW); if (!l) { puts(dlerror()); return 0; } auto f = (int (*)())dlsym(l, %q); printf(\"%%d\\n\", f ? f() : -1); }", shim, function)
	cmd := exec.Command("c++", "-x", "c++", "-", "-o", filepath.Join(dir, "call"), "-ldl")
	cmd.Stdin = strings.NewReader(program)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	out, err = exec.Command(filepath.Join(dir, "call")).CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.TrimSpace(string(out))
}

func TestSetUpMakesALibraryThatOpens(t *testing.T) {
	j, s, events := toyJob(t)
	found, err := j.run(context.Background())
	require.NoError(t, err)
	require.Equal(t, filepath.Join(j.cache, library.BuildName()), found.Dir)
	require.Equal(t, "42", call(t, found.Shim, "answer"))
	require.Equal(t, "2.11.0+toy", found.Manifest.Torch)
	if runtime.GOOS == "linux" {
		require.True(t, found.Manifest.CXX11ABI)
	}
	require.Equal(t, []string{"torch"}, s.taken)
	require.EqualValues(t, 2, compiled(*events))
	require.NoDirExists(t, filepath.Join(j.cache, "wheels"), "unpacked wheels are removed")

	*events = nil
	again, err := j.run(context.Background())
	require.NoError(t, err)
	require.Equal(t, found, again)
	require.Empty(t, *events, "all is in place: nothing to do")
}

func TestForceLinksAgainFromKeptObjects(t *testing.T) {
	j, s, events := toyJob(t)
	_, err := j.run(context.Background())
	require.NoError(t, err)
	*events = nil
	j.Force = true
	found, err := j.run(context.Background())
	require.NoError(t, err)
	require.Zero(t, compiled(*events))
	require.Contains(t, *events, Event{Link, library.ShimName(), 1, 1})
	require.Equal(t, []string{"torch"}, s.taken)
	require.Equal(t, "42", call(t, found.Shim, "answer"))
}

func TestAChangedFileCompilesWithWhatIncludesIt(t *testing.T) {
	j, _, events := toyJob(t)
	_, err := j.run(context.Background())
	require.NoError(t, err)
	j.Force = true
	for _, c := range []struct {
		file, text string
		want       int64
		answer     string
	}{
		{"csrc/kernels/kernel.cc", "extern \"C\" int kernel() { return 8; }\n", 1, "42"},
		{"internal/ctorch/abi.h", "#define OFFSET 1\n", 1, "43"},
		{"internal/ctorch/other.h", "still nobody", 0, "43"},
		{"csrc/compile_flags.txt", "-std=c++17\n-O1\n-fPIC\n", 2, "43"},
		{"csrc/new.cc", "int more;\n", 1, "43"},
	} {
		*events = nil
		sources := j.sources.(fstest.MapFS)
		sources[c.file] = &fstest.MapFile{Data: []byte(c.text)}
		found, err := j.run(context.Background())
		require.NoError(t, err)
		require.Equal(t, c.want, compiled(*events), c.file)
		require.Equal(t, c.answer, call(t, found.Shim, "answer"), c.file)
	}
}

func TestTwoSetUpsAtOnceDoTheWorkOnce(t *testing.T) {
	j, s, _ := toyJob(t)
	var work sync.WaitGroup
	var mu sync.Mutex
	waited, compiles := 0, int64(0)
	for range 4 {
		work.Go(func() {
			var events []Event
			mine := *j
			mine.Report = func(e Event) { events = append(events, e) }
			found, err := mine.run(context.Background())
			if err == nil {
				_, err = os.Stat(found.Shim)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			for _, e := range events {
				if e.Stage == Wait {
					waited++
					if e.Name != "" && e.Name != fmt.Sprintf("process %d", os.Getpid()) {
						t.Errorf("waited for %q", e.Name)
					}
				}
			}
			compiles += compiled(events)
		})
	}
	work.Wait()
	require.Equal(t, []string{"torch"}, s.taken)
	require.EqualValues(t, 2, compiles)
	require.Positive(t, waited)
}

func TestAnInterruptedSetUpGoesOn(t *testing.T) {
	for _, stage := range []Stage{Check, Unpack, Compile, Link} {
		t.Run(string(stage), func(t *testing.T) {
			j, s, events := toyJob(t)
			ctx, cancel := context.WithCancel(context.Background())
			report := j.Report
			j.Report = func(e Event) {
				if e.Stage == stage {
					cancel()
				}
				report(e)
			}
			_, err := j.run(ctx)
			require.ErrorIs(t, err, context.Canceled)
			_, err = library.Inspect(j.target.dir)
			require.Error(t, err, "an unfinished library is not taken for a whole one")

			j.Report = report
			*events = nil
			found, err := j.run(context.Background())
			require.NoError(t, err)
			require.Equal(t, []string{"torch"}, s.taken, "what was fetched is kept")
			if stage == Link {
				require.Zero(t, compiled(*events), "what was compiled is kept")
			}
			require.Equal(t, "42", call(t, found.Shim, "answer"))
		})
	}
}

func TestADirectoryOfItsOwnNeedsNothingElse(t *testing.T) {
	j, _, _ := toyJob(t)
	dir := filepath.Join(t.TempDir(), "dist")
	j.target = chooseTarget(dir, "", j.cache)
	found, err := j.run(context.Background())
	require.NoError(t, err)
	require.Equal(t, dir, found.Dir)
	require.NoError(t, os.RemoveAll(j.cache))
	require.Equal(t, "42", call(t, found.Shim, "answer"))
	require.FileExists(t, filepath.Join(dir, "torch-2.11.0.dist-info/licenses/LICENSE"))
	require.NoDirExists(t, filepath.Join(dir, "torch/include"))
	left, err := filepath.Glob(filepath.Join(dir, stagePrefix+"*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestTheCheckoutIsTheTargetUnlessItIsReadOnly(t *testing.T) {
	checkout, cache := t.TempDir(), t.TempDir()
	require.Equal(t, filepath.Join(checkout, library.BuildName()), chooseTarget("", checkout, cache).dir)
	require.Equal(t, filepath.Join(cache, library.BuildName()), chooseTarget("", "", cache).dir)
	require.Equal(t, filepath.Join(cache, library.BuildName()), chooseTarget("", filepath.Join(checkout, "not there"), cache).dir)
	if os.Geteuid() != 0 { // root writes anywhere
		require.NoError(t, os.Chmod(checkout, 0o555))
		require.Equal(t, filepath.Join(cache, library.BuildName()), chooseTarget("", checkout, cache).dir)
	}
}

func TestOldBuildsOfACheckoutGo(t *testing.T) {
	j, _, _ := toyJob(t)
	_, err := j.run(context.Background())
	require.NoError(t, err)
	for i := range keptBuilds + 3 {
		require.NoError(t, os.Mkdir(filepath.Join(j.cache, fmt.Sprintf("ajolote-0.1.0-%012d", i)), 0o755))
	}
	other := filepath.Join(j.cache, "ajolote-0.0.9-0123456789ab")
	require.NoError(t, os.Mkdir(other, 0o755))
	j.Force = true
	_, err = j.run(context.Background())
	require.NoError(t, err)
	builds, err := filepath.Glob(filepath.Join(j.cache, "ajolote-0.1.0-*"))
	require.NoError(t, err)
	require.Len(t, builds, keptBuilds)
	require.Contains(t, builds, j.target.dir)
	require.DirExists(t, other, "another version's build is not ours to remove")
}

func TestWithTorchNothingIsFetched(t *testing.T) {
	j, s, _ := toyJob(t)
	site, err := unpackToy(t, zipped(t, toyTorch(t)), false)
	require.NoError(t, err)
	for _, dir := range []string{site, filepath.Join(site, "torch")} {
		j.Torch = dir
		found, err := j.run(context.Background())
		require.NoError(t, err)
		require.Equal(t, "42", call(t, found.Shim, "answer"))
		target, err := os.Readlink(filepath.Join(found.Dir, "torch"))
		require.NoError(t, err)
		require.Equal(t, filepath.Join(site, "torch"), target)
	}
	require.Empty(t, s.taken)
}

func TestAnUnfitTorchIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(files map[string]string)
	}{
		{"another version", "torch 2.9.1+cpu, but this version of ajolote is made for torch 2.11.0: install that one, or leave --torch out", func(f map[string]string) {
			f["torch/version.py"] = "__version__ = '2.9.1+cpu'\n"
		}},
		{"no version", "neither version.py nor build-version says which torch this is", func(f map[string]string) { delete(f, "torch/version.py") }},
		{"a strange version.py", "version.py names no __version__", func(f map[string]string) { f["torch/version.py"] = "x = 1\n" }},
		{"no headers", "the headers are missing", func(f map[string]string) { delete(f, "torch/include/ATen/core/Tensor.h") }},
		{"no libtorch", "no libtorch: neither lib/libtorch_cpu" + library.LibrarySuffix, func(f map[string]string) { delete(f, "torch/lib/libtorch_cpu"+library.LibrarySuffix) }},
		{"not a library", "libc10.so: not a shared library", func(f map[string]string) { f["torch/lib/libc10.so"] = "text" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.Contains(c.want, ".so:") && runtime.GOOS != "linux" {
				t.Skip("only ELF files are looked into")
			}
			j, _, _ := toyJob(t)
			files := toyTorch(t)
			c.change(files)
			site, err := unpackToy(t, zipped(t, files), false)
			require.NoError(t, err)
			j.Torch = site
			_, err = j.run(context.Background())
			require.ErrorContains(t, err, c.want)
		})
	}
	j, _, _ := toyJob(t)
	j.Torch = filepath.Join(t.TempDir(), "nowhere")
	_, err := j.run(context.Background())
	require.ErrorContains(t, err, "no libtorch: ")
	site, err := unpackToy(t, zipped(t, toyTorch(t)), false)
	require.NoError(t, err)
	j.Torch, j.CUDA = site, true
	_, err = j.run(context.Background())
	require.ErrorContains(t, err, "this libtorch has no CUDA: leave out --cuda, or --torch")
}

func TestAMissingCompilerIsSaidBeforeAnythingIsFetched(t *testing.T) {
	j, s, _ := toyJob(t)
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CXX", "")
	_, err := j.run(context.Background())
	require.ErrorContains(t, err, "no C++ compiler (g++ or clang++): install one")
	t.Setenv("CXX", "no-such-compiler -x")
	_, err = j.run(context.Background())
	require.ErrorContains(t, err, "the C++ compiler that CXX names does not run: no-such-compiler -x --version")
	require.Empty(t, s.taken)
}

func TestACompilerErrorIsShownWithItsFile(t *testing.T) {
	j, _, _ := toyJob(t)
	j.sources.(fstest.MapFS)["csrc/answer.cc"] = &fstest.MapFile{Data: []byte("int f() { return nothing; }\n")}
	_, err := j.run(context.Background())
	require.ErrorContains(t, err, "csrc/answer.cc does not compile: ")
	require.ErrorContains(t, err, "csrc/answer.cc:1:")
	require.ErrorContains(t, err, "nothing")

	j, _, _ = toyJob(t)
	j.sources.(fstest.MapFS)["csrc/answer.cc"] = &fstest.MapFile{Data: []byte("int missing_function();\nint f() { return missing_function(); }\n")}
	_, err = j.run(context.Background())
	require.ErrorContains(t, err, library.ShimName()+" does not link with libtorch 2.11.0+toy")
	require.ErrorContains(t, err, "missing_function")
}

func TestACorruptWheelLeavesNothingBehind(t *testing.T) {
	j, s, _ := toyJob(t)
	for file, content := range s.content {
		broken := slices.Clone(content)
		broken[len(broken)/2] ^= 1
		s.content[file] = broken
	}
	_, err := j.run(context.Background())
	require.ErrorContains(t, err, "the file is damaged or another one; it is removed, run set-up again")
	require.NotContains(t, strings.Join(filesUnder(t, j.cache), " "), "torch")
}
