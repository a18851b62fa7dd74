// Package library knows where libajolote, the shared library over libtorch, may lie, and which of these places holds one
// that this program can use.
//
// The order is fixed:
//
//  1. AJOLOTE_LIB, a directory. When it is set it is the only place looked at.
//  2. The directory of the executable, for a program that ships its libraries.
//  3. The user's cache directory, where `ajolote setup` of an installed program builds.
//  4. third_party/ of the checkout that the program was compiled from, where `./build.sh` builds.
//
// Places 3 and 4 hold one directory per version and hash of the C++ sources ([Key]), so a program never opens a library
// that was built from other sources than the ones it carries, and old and new programs live side by side.
//
// Each such directory has one layout:
//
//	libajolote.so                the shim (libajolote.dylib on macOS); its run path is $ORIGIN/torch/lib
//	ajolote.json                 what it was built from
//	torch/lib/libtorch_cpu.so    libtorch, as the wheel lays it out; torch may be a link
//	nvidia/cu13/lib/...          what libtorch_cpu itself needs, beside torch (beside its target where torch is a link)
package library

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Override is the environment variable that names the only directory to look at.
const Override = "AJOLOTE_LIB"

// Found is a directory that holds a usable library.
type Found struct {
	Dir      string   // the directory
	Shim     string   // Dir/libajolote.so
	TorchLib string   // Dir/torch/lib: where libtorch_cpu and, with CUDA, libtorch_cuda are opened from
	CUDA     bool     // libtorch_cuda and its companions are there too
	Manifest Manifest // what the shim was built from; the zero value where nothing says it
	Places   []Place  // the walk: every place looked at up to this one, which is the last
}

// Place is one directory that was looked at.
type Place struct {
	Name    string `json:"name"`              // what it is: "user cache"
	Dir     string `json:"dir"`               // "" where there is no such directory on this machine
	Refused string `json:"refused,omitempty"` // why nothing was taken from it; "" for the one that was
}

// Search is the set of directories to look at, in the order of the fields. An empty one is not looked at.
type Search struct {
	Only       string // when not empty, the others are ignored
	Executable string // looked at itself
	Cache      string // looked at under BuildName
	Checkout   string // looked at under BuildName; the third_party directory, not its parent
}

// ThisProcess is the search as this process makes it.
func ThisProcess() Search {
	s := Search{Only: os.Getenv(Override), Checkout: CheckoutDir()}
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		s.Executable = filepath.Dir(exe)
	}
	s.Cache, _ = CacheDir()
	return s
}

// Find walks the places of this process. See [Search.Find].
func Find() (Found, error) { return ThisProcess().Find() }

// Find returns the first usable library. The error is a [*NotFoundError] that lists every place with the reason why
// nothing was taken from it.
func (s Search) Find() (Found, error) {
	var found Found
	look := func(name, dir string) bool {
		if dir == "" {
			return false
		}
		f, err := Inspect(dir)
		place := Place{Name: name, Dir: dir}
		if err != nil {
			place.Refused = err.Error()
		}
		f.Places = append(found.Places, place)
		found = f
		return err == nil
	}
	if s.Only != "" {
		if look(Override, s.Only) {
			return found, nil
		}
		return Found{}, &NotFoundError{Places: found.Places, Only: s.Only}
	}
	if look("beside the executable", s.Executable) ||
		look("user cache", under(s.Cache)) ||
		look("third_party of the checkout", under(s.Checkout)) {
		return found, nil
	}
	return Found{}, &NotFoundError{Places: found.Places}
}

func under(root string) string {
	if root == "" {
		return ""
	}
	return filepath.Join(root, BuildName())
}

// ShimName is the file name of the shim on this system.
func ShimName() string { return "libajolote" + LibrarySuffix }

// LibrarySuffix ends the name of a shared library on this system.
var LibrarySuffix = librarySuffix(runtime.GOOS)

func librarySuffix(goos string) string {
	if goos == "darwin" {
		return ".dylib"
	}
	return ".so"
}

// Inspect says whether dir holds a usable library in the layout of this package. The error is one clause, without the
// directory, that says what is wrong with it.
func Inspect(dir string) (Found, error) {
	f := Found{Dir: dir, Shim: filepath.Join(dir, ShimName()), TorchLib: filepath.Join(dir, "torch", "lib")}
	if info, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return f, errors.New("not there")
	} else if err != nil {
		return f, reason(err)
	} else if !info.IsDir() {
		return f, errors.New("not a directory")
	}
	if _, err := os.Stat(f.Shim); errors.Is(err, fs.ErrNotExist) {
		return f, errors.New("no " + ShimName() + " in it")
	} else if err != nil {
		return f, reason(err)
	}
	var err error
	if f.Manifest, err = ReadManifest(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if key := f.Manifest.Key; key != "" && key != Key() {
		return f, errors.New(ShimName() + " was built from sources " + key + ", this program carries " + Key())
	}
	for _, name := range []string{"libtorch_cpu", "libc10"} {
		path := filepath.Join(f.TorchLib, name+LibrarySuffix)
		if _, err := os.Stat(path); err != nil {
			return f, torchGone(dir, name+LibrarySuffix, err)
		}
	}
	torch := filepath.Join(dir, "torch")
	if built := f.Manifest.Torch; built != "" {
		// A libtorch that set-up only links to, of a Python environment, may have been replaced since.
		if now, err := TorchVersion(torch); err == nil && now != built {
			return f, errors.New(ShimName() + " was built with libtorch " + built + ", but torch/ is now " + now)
		}
	}
	f.CUDA = HasCUDA(torch)
	return f, nil
}

// Mend is the command that makes the library again where it stands, for one that is there but does not open.
func (f Found) Mend() string {
	command := SetupCommand()
	if filepath.Base(f.Dir) != BuildName() {
		command += " --dir " + quote(f.Dir)
	}
	return command + " --force"
}

// HasCUDA says whether the torch directory (the one with lib/ and include/ in it) has the CUDA half of libtorch together
// with the CUDA libraries it needs.
func HasCUDA(torch string) bool {
	for _, pattern := range []string{"lib/libtorch_cuda.so", "lib/../../nvidia/*/lib/libcublas.so.*"} {
		if hits, _ := filepath.Glob(torch + "/" + pattern); len(hits) == 0 {
			return false
		}
	}
	return true
}

func torchGone(dir, name string, err error) error {
	if target, linkErr := os.Readlink(filepath.Join(dir, "torch")); linkErr == nil {
		return errors.New(ShimName() + " is there, but the libtorch it was linked with is not: no lib/" + name + " in " + target)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New(ShimName() + " is there, but no torch/lib/" + name + " beside it")
	}
	return reason(err)
}

// reason strips the path from an error of os, since the place is printed beside it.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
