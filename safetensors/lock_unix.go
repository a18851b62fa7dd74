//go:build unix

package safetensors

// The lock that keeps two programs from writing one partial file.

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes the file's lock, or fails at once when somebody has it. It is
// given back when the file is closed.
func lockFile(f *os.File) error {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}
