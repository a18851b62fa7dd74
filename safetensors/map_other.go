//go:build !unix

package safetensors

// Where there is no mmap, a mapped file is a file read into memory.

import (
	"fmt"
	"io"
	"math"
	"os"
)

func mapFile(f *os.File, size int64) ([]byte, error) {
	if size > math.MaxInt {
		return nil, fmt.Errorf("%d bytes do not fit into the address space", size)
	}
	memory := make([]byte, size)
	_, err := io.ReadFull(io.NewSectionReader(f, 0, size), memory)
	return memory, err
}

func unmapFile([]byte) error { return nil }
