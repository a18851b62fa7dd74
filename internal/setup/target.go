package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/ajolote-ai/ajolote"
	"github.com/ajolote-ai/ajolote/internal/library"
)

// target is where the library goes.
type target struct {
	dir        string // the directory of the library itself
	root       string // the directory that is locked while it is made
	standalone bool   // dir gets its own copy of libtorch, not a link
}

// chooseTarget is dir where the user names one, else the place of this program's library in third_party of the checkout
// where it has one that can be written to, else in the cache.
func chooseTarget(dir, checkout, cache string) target {
	if dir != "" {
		if abs, err := filepath.Abs(dir); err == nil {
			dir = abs
		}
		return target{dir: dir, root: dir, standalone: true}
	}
	root := cache
	if checkout != "" && writable(checkout) {
		root = checkout
	}
	return target{dir: filepath.Join(root, library.BuildName()), root: root}
}

// writable tries: file modes say little on a read-only file system or to root.
func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".writable-")
	if err != nil {
		return false
	}
	f.Close()
	os.Remove(f.Name())
	return true
}

// install builds the shim and puts it, its libtorch and its manifest into the target, each by a rename, in the order that
// keeps a reader from taking an unfinished library: libtorch, shim, manifest.
func (t target) install(ctx context.Context, b build, ownTorch bool) (library.Found, error) {
	if err := os.MkdirAll(t.dir, 0o755); err != nil {
		return library.Found{}, err
	}
	stage, err := os.MkdirTemp(t.dir, stagePrefix)
	if err != nil {
		return library.Found{}, err
	}
	defer os.RemoveAll(stage)
	if err := b.shim(ctx, filepath.Join(stage, library.ShimName())); err != nil {
		return library.Found{}, err
	}
	manifest := library.Manifest{
		Version: ajolote.Version, Key: library.Key(), Torch: b.torch.version, CXX11ABI: b.torch.cxx11ABI,
		Compiler: b.compiler.version,
	}
	if err := manifest.Write(stage); err != nil {
		return library.Found{}, err
	}
	if t.standalone && !ownTorch {
		err = copyLibtorch(filepath.Dir(b.torch.path), t.dir, stage)
	} else {
		err = replaceByLink(b.torch.path, filepath.Join(t.dir, "torch"), stage)
	}
	if err != nil {
		return library.Found{}, err
	}
	for _, name := range []string{library.ShimName(), library.ManifestName} {
		if err := os.Rename(filepath.Join(stage, name), filepath.Join(t.dir, name)); err != nil {
			return library.Found{}, err
		}
	}
	if !t.standalone {
		pruneBuilds(t)
	}
	found, err := library.Inspect(t.dir)
	if err != nil {
		return found, fmt.Errorf("%s: set up, and yet not usable: %w", t.dir, err)
	}
	return found, nil
}

const stagePrefix = ".stage-"

// replaceByLink makes name a link to path, whatever it was.
func replaceByLink(path, name, stage string) error {
	link := filepath.Join(stage, "torch")
	if err := os.Symlink(path, link); err != nil {
		return err
	}
	if info, err := os.Lstat(name); err == nil && info.IsDir() {
		if err := os.RemoveAll(name); err != nil {
			return err
		}
	}
	return os.Rename(link, name)
}

// copyLibtorch copies what is needed at run time from the unpacked wheels in from: everything but the headers. They
// are copies, not hard links: what is done to the files of a program that ships them must not reach the cache.
func copyLibtorch(from, to, stage string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		copied := filepath.Join(stage, e.Name())
		if err := copyTree(filepath.Join(from, e.Name()), copied); err != nil {
			return err
		}
		name := filepath.Join(to, e.Name())
		if err := os.RemoveAll(name); err != nil {
			return err
		}
		if err := os.Rename(copied, name); err != nil {
			return err
		}
	}
	return nil
}

func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		name := filepath.Join(to, relative)
		if entry.IsDir() {
			if entry.Name() == "include" {
				return fs.SkipDir
			}
			return os.MkdirAll(name, 0o755)
		}
		return copyFile(path, name)
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// keptBuilds is how many builds of one version stay in a checkout, where each change of the C++ sources makes another.
const keptBuilds = 8

// pruneBuilds removes the oldest builds of this version beside the one just made, and what killed set-ups left.
func pruneBuilds(t target) {
	type build struct {
		dir string
		age int64
	}
	var builds []build
	siblings, _ := filepath.Glob(filepath.Join(t.root, "ajolote-"+ajolote.Version+"-*"))
	for _, dir := range siblings {
		info, err := os.Stat(dir)
		if err == nil && dir != t.dir {
			builds = append(builds, build{dir, info.ModTime().UnixNano()})
		}
	}
	slices.SortFunc(builds, func(a, b build) int { return int(b.age - a.age) })
	for i, b := range builds {
		if i+1 >= keptBuilds {
			os.RemoveAll(b.dir)
		}
	}
	left, _ := filepath.Glob(filepath.Join(t.dir, stagePrefix+"*"))
	for _, dir := range left {
		os.RemoveAll(dir)
	}
}
