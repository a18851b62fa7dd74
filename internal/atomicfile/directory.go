package atomicfile

import (
	"io/fs"
	"os"
	"path/filepath"
)

// PartialSuffix ends the names of directories that are being written. Nothing reads them.
const PartialSuffix = ".partial"

// WriteDir fills a directory beside its path and renames it when all of it is on the disk: whoever sees the path sees all. A
// directory that was at path is replaced. When fill fails nothing is left behind, and what was at path stays.
func WriteDir(path string, fill func(dir string) error) (err error) {
	path = filepath.Clean(path)
	partial := path + PartialSuffix
	if err := os.RemoveAll(partial); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(partial)
		}
	}()
	if err := os.MkdirAll(partial, 0o755); err != nil {
		return err
	}
	if err := fill(partial); err != nil {
		return err
	}
	if err := syncTree(partial); err != nil {
		return err
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	if err := os.Rename(partial, path); err != nil {
		return err
	}
	return syncPath(filepath.Dir(path))
}

func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncPath(path)
	})
}

// syncPath brings a file, or a directory's names, to the disk.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
