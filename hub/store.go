package hub

// One repository's folder in the cache:
//
//	models--org--name/blobs/<hash>                the contents
//	models--org--name/snapshots/<commit>/<path>   links to them
//	models--org--name/refs/<branch or tag>        the commit that it was last
//	models--org--name/trees/<commit>.json         all files of the commit
//	.locks/models--org--name/<hash>.lock          held while a blob is written

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

type store struct {
	cache string // the folder of all repositories
	dir   string // of this one
	name  string // models--org--name
}

func newStore(cache string, r repo) store {
	return store{cache, filepath.Join(cache, r.folder()), r.folder()}
}

func (s store) blob(name string) string       { return filepath.Join(s.dir, "blobs", name) }
func (s store) snapshot(commit string) string { return filepath.Join(s.dir, "snapshots", commit) }
func (s store) tree(commit string) string     { return filepath.Join(s.dir, "trees", commit+".json") }
func (s store) ref(revision string) string {
	return filepath.Join(s.dir, "refs", filepath.FromSlash(revision))
}
func (s store) pointer(commit, path string) string {
	return filepath.Join(s.snapshot(commit), filepath.FromSlash(path))
}

// cachedCommit is the commit that a revision was when it was last fetched, or
// nothing.
func (s store) cachedCommit(revision string) string {
	if commitHash.MatchString(revision) {
		return revision
	}
	text, err := os.ReadFile(s.ref(revision))
	if err != nil {
		return ""
	}
	if commit := strings.TrimSpace(string(text)); commitHash.MatchString(commit) {
		return commit
	}
	return ""
}

// missing lists the wanted files of a commit that are not in the cache.
func (s store) missing(commit string, files listing, m matcher) (paths []string) {
	for path := range files {
		if m.wants(path) && !exists(s.pointer(commit, path)) {
			paths = append(paths, path)
		}
	}
	return paths
}

// setRef notes the commit of a branch or tag.
func (s store) setRef(revision, commit string) error {
	if revision == commit || s.cachedCommit(revision) == commit {
		return nil
	}
	return writeFile(s.ref(revision), []byte(commit))
}

// link makes the snapshot's file point to a blob, by a relative link so that
// the cache can be moved; where links are impossible the file is copied.
func (s store) link(commit, path, blob string) error {
	pointer := s.pointer(commit, path)
	if err := os.MkdirAll(filepath.Dir(pointer), 0o777); err != nil {
		return err
	}
	target, err := filepath.Rel(filepath.Dir(pointer), s.blob(blob))
	if err != nil {
		return err
	}
	if exists(pointer) {
		return nil
	}
	// A dangling link is in the way.
	if err := os.Remove(pointer); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err = os.Symlink(target, pointer)
	if err == nil || exists(pointer) { // another process was faster
		return nil
	}
	return copyFile(s.blob(blob), pointer)
}

// tag marks the cache for backup programs, as Python does.
func (s store) tag() {
	path := filepath.Join(s.cache, "CACHEDIR.TAG")
	if !exists(path) {
		// Nothing depends on it.
		_ = writeFile(path, []byte("Signature: 8a477f597d28d172789f06886806bc55\n"+
			"# This folder holds files that can be downloaded again.\n"+
			"# See https://bford.info/cachedir/\n"))
	}
}

// lock waits for the lock of a blob and returns how to give it back.
func (s store) lock(ctx context.Context, blob string) (unlock func() error, err error) {
	path := filepath.Join(s.cache, ".locks", s.name, blob+".lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o664)
		if err != nil {
			return nil, err
		}
		free, err := tryLock(f)
		if err == nil && free && stillNamed(f, path) {
			return f.Close, nil
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// stillNamed says that the path leads to this file: its last owner may have
// removed it between opening and locking.
func stillNamed(f *os.File, path string) bool {
	ours, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(ours, named)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// writeFile writes beside the name and renames.
func writeFile(path string, content []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o644)
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// copyFile copies beside the name and renames.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	err = errors.Join(err, out.Close())
	if err == nil {
		err = os.Rename(out.Name(), to)
	}
	if err != nil {
		os.Remove(out.Name())
	}
	return err
}
