//go:build unix

package safetensors

// Mapping a file into memory where the system has mmap.

import (
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

func mapFile(f *os.File, size int64) ([]byte, error) {
	if size > math.MaxInt {
		return nil, fmt.Errorf("%d bytes do not fit into the address space", size)
	}
	return unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
}

func unmapFile(memory []byte) error {
	if memory == nil {
		return nil
	}
	return unix.Munmap(memory)
}
