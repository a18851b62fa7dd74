package setup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ajolote-ai/ajolote/internal/library"
)

// build compiles the C++ sources against a libtorch and links the shim.
type build struct {
	sources  fs.FS // csrc/ and the headers it includes, under their paths in the module
	torch    torchDir
	compiler compiler
	objects  string // directory of compiled objects, by the hash of everything that goes into one
	workers  int
	report   func(Event)
}

const flagsFile = "csrc/compile_flags.txt"

// shim compiles what is not compiled yet and links out.
func (b build) shim(ctx context.Context, out string) error {
	flags, err := b.flags()
	if err != nil {
		return err
	}
	units, err := b.units()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(b.objects, 0o755); err != nil {
		return err
	}
	// The compiler works in a copy of the tree, with relative paths: what it puts into the objects (__FILE__) does not
	// depend on where that is.
	tree, err := os.MkdirTemp(b.objects, ".tree-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tree)
	if err := os.CopyFS(tree, b.sources); err != nil {
		return err
	}

	objects := make([]string, len(units))
	var missing []int
	for i, unit := range units {
		key, err := b.objectKey(unit, flags)
		if err != nil {
			return err
		}
		objects[i] = filepath.Join(b.objects, key+".o")
		if os.Chtimes(objects[i], time.Time{}, time.Now()) != nil { // a use keeps it from being pruned
			missing = append(missing, i)
		}
	}
	if err := b.compileAll(ctx, tree, units, objects, missing, flags); err != nil {
		return err
	}
	b.report(Event{Stage: Link, Name: library.ShimName(), Total: 1})
	if err := b.link(ctx, out, objects, flags); err != nil {
		return err
	}
	b.report(Event{Stage: Link, Name: library.ShimName(), Done: 1, Total: 1})
	return nil
}

// compileAll compiles the units whose numbers are in missing, as many at a time as there are workers. The first failure
// stops the others.
func (b build) compileAll(ctx context.Context, tree string, units, objects []string, missing []int, flags []string) error {
	progress := Event{Stage: Compile, Name: "csrc", Total: int64(len(missing))}
	b.report(progress)
	var mu sync.Mutex // the events come one at a time
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, b.workers))
	for _, i := range missing {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := b.compile(ctx, tree, units[i], objects[i], flags); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			progress.Done++
			b.report(progress)
			return nil
		})
	}
	return group.Wait()
}

// flags reads csrc/compile_flags.txt, one flag a line (the form that clangd reads too), and adds what depends on the
// libtorch, and CXXFLAGS.
func (b build) flags() ([]string, error) {
	text, err := fs.ReadFile(b.sources, flagsFile)
	if err != nil {
		return nil, err
	}
	flags := strings.Fields(string(text))
	if runtime.GOOS == "linux" {
		abi := "0"
		if b.torch.cxx11ABI {
			abi = "1"
		}
		flags = append(flags, "-D_GLIBCXX_USE_CXX11_ABI="+abi)
	}
	return append(flags, strings.Fields(os.Getenv("CXXFLAGS"))...), nil
}

// units lists the translation units: every .cc file but the tests.
func (b build) units() ([]string, error) {
	var units []string
	err := fs.WalkDir(b.sources, "csrc", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && path.Ext(name) == ".cc" && !strings.HasSuffix(name, "_test.cc") {
			units = append(units, name)
		}
		return err
	})
	if err == nil && len(units) == 0 {
		err = fmt.Errorf("csrc: no .cc file in it")
	}
	return units, err
}

func (b build) compile(ctx context.Context, tree, unit, object string, flags []string) error {
	// Under another name until it is whole: an object that is there is never a half one.
	temporary := fmt.Sprintf("%s.%d.tmp", object, os.Getpid())
	defer os.Remove(temporary)
	include := filepath.Join(b.torch.path, "include")
	args := slices.Concat(flags, []string{
		"-isystem", include, "-isystem", filepath.Join(include, "torch", "csrc", "api", "include"),
		"-c", unit, "-o", temporary,
	})
	if err := b.compiler.run(ctx, tree, args...); ctx.Err() != nil {
		return ctx.Err()
	} else if err != nil {
		return fmt.Errorf("%s does not compile: %w", unit, err)
	}
	return os.Rename(temporary, object)
}

func (b build) link(ctx context.Context, out string, objects, flags []string) error {
	lib := filepath.Join(b.torch.path, "lib")
	args := slices.Concat([]string{"-shared", "-o", out}, objects)
	for _, f := range flags {
		if strings.HasPrefix(f, "-fsanitize") { // the one flag that the linker must hear too
			args = append(args, f)
		}
	}
	args = append(args, "-L"+lib, "-ltorch_cpu", "-lc10")
	if runtime.GOOS == "darwin" {
		args = append(args, "-install_name", "@rpath/"+library.ShimName(), "-Wl,-rpath,@loader_path/torch/lib")
	} else {
		// libtorch_cpu's own needs (the CUDA run time) are found by its own run path: the linker need not see them.
		args = append(args, "-Wl,-rpath,$ORIGIN/torch/lib", "-Wl,--no-undefined", "-Wl,--allow-shlib-undefined")
	}
	if err := b.compiler.run(ctx, "", args...); ctx.Err() != nil {
		return ctx.Err()
	} else if err != nil {
		return fmt.Errorf("%s does not link with libtorch %s at %s: %w", library.ShimName(), b.torch.version, b.torch.path, err)
	}
	return nil
}

var quotedInclude = regexp.MustCompile(`(?m)^\s*#\s*include\s+"([^"]+)"`)

// objectKey hashes all that goes into an object: the compiler, the flags, the libtorch, the unit and the sources that it
// includes, directly or not. So a changed file compiles again with what includes it and with nothing else.
func (b build) objectKey(unit string, flags []string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, b.compiler.version, b.compiler.command, flags, b.torch.version, runtime.GOOS, runtime.GOARCH)
	seen := map[string]bool{}
	var add func(name string) error
	add = func(name string) error {
		if seen[name] {
			return nil
		}
		seen[name] = true
		text, err := fs.ReadFile(b.sources, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
		for _, m := range quotedInclude.FindAllSubmatch(text, -1) {
			for _, dir := range []string{path.Dir(name), "csrc"} {
				included := path.Join(dir, string(m[1]))
				if _, err := fs.Stat(b.sources, included); err == nil {
					if err := add(included); err != nil {
						return err
					}
					break
				}
			}
		}
		return nil
	}
	if err := add(unit); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:32], nil
}

// objectAge is how long an object is kept after its last use.
const objectAge = 30 * 24 * time.Hour

// pruneObjects removes objects that no build has used for a while, and what killed builds left.
func pruneObjects(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue
		}
		if e.IsDir() || strings.HasSuffix(e.Name(), ".tmp") || time.Since(info.ModTime()) > objectAge {
			os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
}
