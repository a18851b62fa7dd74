// Package setup brings libtorch and the shim over it onto this machine: it fetches the wheels that third_party/torch.lock
// pins, checks and unpacks them, compiles the C++ sources that the program carries and puts the result where package
// library looks.
//
// What it keeps, under the cache directory of package library:
//
//	wheels/                          downloads, whole or in part, until they are unpacked
//	libtorch-2.11.0-<digest>/        the unpacked wheels, in the layout of site-packages, shared by all builds
//	objects/                         compiled translation units by the hash of all that went into them
//	ajolote-<version>-<key>/         the library of an installed program; a checkout has it in third_party/ instead
//
// Everything is made under another name and renamed when it is whole, under a lock: an interrupted set-up leaves nothing
// that is taken for a finished one, and the next continues where it stopped.
package setup

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/ajolote-ai/ajolote"
	"github.com/ajolote-ai/ajolote/internal/library"
)

// Options are the choices of a set-up. The zero value fetches libtorch without CUDA and builds for this program.
type Options struct {
	Torch  string      // use the libtorch in this directory, of the pinned version, and fetch nothing
	CUDA   bool        // fetch the CUDA libraries too
	Dir    string      // build into this directory, with copies of the libraries, for AJOLOTE_LIB or to ship with a program
	Force  bool        // compile and link again although all is in place
	Report func(Event) // called from one goroutine at a time; nil for silence
}

// Run sets the library up and returns it. It does nothing when all is in place. Canceling ctx stops it; what it has
// fetched and compiled by then stays for the next run.
func Run(ctx context.Context, o Options) (library.Found, error) {
	lock, err := ParseLock(ajolote.Lock)
	if err != nil {
		return library.Found{}, err
	}
	cache, err := library.CacheDir()
	if err != nil {
		return library.Found{}, err
	}
	j := job{
		Options: o, lock: lock, sources: ajolote.Sources, cache: cache, findSource: findSource,
		target: chooseTarget(o.Dir, library.CheckoutDir(), cache),
	}
	return j.run(ctx)
}

// job is a set-up with all that it depends on.
type job struct {
	Options
	lock       Lock
	sources    fs.FS
	cache      string
	target     target
	findSource func(context.Context) (source, error)
}

func (j job) run(ctx context.Context) (library.Found, error) {
	if j.Report == nil {
		j.Report = func(Event) {}
	}
	if found, ok := j.inPlace(); ok {
		return found, nil
	}
	compiler, err := findCompiler(ctx) // before half a gigabyte is fetched in vain
	if err != nil {
		return library.Found{}, err
	}
	unlock, err := lockDirs(ctx, j.Report, j.cache, j.target.root)
	if err != nil {
		return library.Found{}, err
	}
	defer unlock()
	if found, ok := j.inPlace(); ok { // another set-up has just done it
		return found, nil
	}
	torch, err := j.provideTorch(ctx)
	if err != nil {
		return library.Found{}, err
	}
	b := build{
		sources: j.sources, torch: torch, compiler: compiler, objects: filepath.Join(j.cache, "objects"),
		workers: runtime.NumCPU(), report: j.Report,
	}
	pruneObjects(b.objects)
	return j.target.install(ctx, b, j.Torch != "")
}

// inPlace says whether the target holds what the options ask for.
func (j job) inPlace() (library.Found, bool) {
	found, err := library.Inspect(j.target.dir)
	if err != nil || found.Manifest.Key == "" || j.Force || j.CUDA && !found.CUDA {
		return found, false
	}
	if j.Torch == "" {
		return found, true
	}
	// The libtorch in place may be another than the one asked for.
	asked, err1 := filepath.EvalSymlinks(j.Torch)
	linked, err2 := filepath.EvalSymlinks(filepath.Join(j.target.dir, "torch"))
	return found, err1 == nil && err2 == nil && (asked == linked || asked == filepath.Dir(linked))
}

// provideTorch opens the libtorch that the options name, or the pinned one, which it fetches and unpacks where it is
// missing.
func (j job) provideTorch(ctx context.Context) (torchDir, error) {
	pinned := j.lock.TorchVersion()
	if j.Torch != "" {
		t, err := openTorch(j.Torch, pinned)
		if err == nil && j.CUDA && !library.HasCUDA(t.path) {
			err = fmt.Errorf("%s: this libtorch has no CUDA: leave out --cuda, or --torch", t.path)
		}
		return t, err
	}
	wheels, err := j.lock.For(runtime.GOOS+"/"+runtime.GOARCH, j.CUDA)
	if err != nil {
		return torchDir{}, fmt.Errorf("%w; name a libtorch %s of your own with --torch", err, pinned)
	}
	dir := filepath.Join(j.cache, "libtorch-"+pinned+"-"+digest(wheels))
	if _, err := os.Stat(dir); err != nil {
		if err := j.fetchTorch(ctx, wheels, dir); err != nil {
			return torchDir{}, err
		}
	}
	return openTorch(dir, pinned)
}

// fetchTorch fetches the wheels and unpacks them to dir, which appears when it is whole.
func (j job) fetchTorch(ctx context.Context, wheels []Wheel, dir string) error {
	downloads := filepath.Join(j.cache, "wheels")
	if err := checkSpace(j.cache, wheels, bytesHere(wheels, downloads), j.CUDA); err != nil {
		return err
	}
	source, err := j.findSource(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(downloads, 0o755); err != nil {
		return err
	}
	partial := dir + ".partial" // of an interrupted set-up: nobody else has the lock
	if err := os.RemoveAll(partial); err != nil {
		return err
	}
	files := make([]string, len(wheels))
	for i, w := range wheels {
		if files[i], err = fetchWheel(ctx, source, w, downloads, j.Report); err != nil {
			return err
		}
	}
	for i, w := range wheels {
		if err := unpackWheel(ctx, files[i], partial, w, j.CUDA, j.Report); err != nil {
			return err
		}
	}
	if err := os.Rename(partial, dir); err != nil {
		return err
	}
	return os.RemoveAll(downloads)
}
