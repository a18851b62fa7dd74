//go:build !unix

package sbert

import (
	"io"
	"os"
)

// mapFile reads the whole file, where files are not mapped.
func mapFile(f *os.File, size int64) ([]byte, func() error, error) {
	data := make([]byte, size)
	_, err := io.ReadFull(io.NewSectionReader(f, 0, size), data)
	return data, func() error { return nil }, err
}
