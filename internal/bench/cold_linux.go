package bench

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// dropCached asks the system to forget what it holds in memory of a folder's weight files.
func dropCached(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	if err != nil {
		return err
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		if err = f.Sync(); err == nil { // what is not on the disk yet is not forgotten
			err = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
		}
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
