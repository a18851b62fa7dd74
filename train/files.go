package train

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// partialSuffix ends the names of files and directories that are being written. Nothing reads them.
const partialSuffix = ".partial"

// writeFile writes a file beside its name and renames it when it is on the disk.
func writeFile(path string, data []byte) error {
	partial := path + partialSuffix
	err := os.WriteFile(partial, data, 0o644)
	if err == nil {
		err = syncPath(partial)
	}
	if err == nil {
		err = os.Rename(partial, path)
	}
	if err == nil {
		err = syncPath(filepath.Dir(path))
	}
	if err != nil {
		_ = os.Remove(partial)
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// writeDir fills a directory beside its name and renames it when all of it is on the disk: whoever sees the name sees all.
func writeDir(path string, fill func(dir string) error) error {
	partial := path + partialSuffix
	if err := os.RemoveAll(partial); err != nil {
		return err
	}
	err := os.MkdirAll(partial, 0o755)
	if err == nil {
		err = fill(partial)
	}
	if err == nil {
		err = syncTree(partial)
	}
	if err == nil {
		err = os.RemoveAll(path)
	}
	if err == nil {
		err = os.Rename(partial, path)
	}
	if err == nil {
		err = syncPath(filepath.Dir(path))
	}
	if err != nil {
		_ = os.RemoveAll(partial)
	}
	return err
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
