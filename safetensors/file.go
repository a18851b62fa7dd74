package safetensors

// One open file: its header, and its bytes read by ranges or mapped.

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
)

type file struct {
	name string // the path, for errors
	r    io.ReaderAt
	size int64
	*header

	close func() error
	// mapped gives the whole file as memory; it is decided at the first call.
	mapped func() ([]byte, error)
	unmap  func() error
}

func openFile(path string) (*file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	opened, err := newFile(path, f, info.Size())
	if err != nil {
		f.Close()
		return nil, err
	}
	opened.close = f.Close
	var memory []byte
	opened.mapped = sync.OnceValues(func() ([]byte, error) {
		var err error
		memory, err = mapFile(f, info.Size())
		if err != nil {
			err = fmt.Errorf("%s: mapping the file into memory: %w", path, err)
		}
		return memory, err
	})
	opened.unmap = func() error { return unmapFile(memory) }
	return opened, nil
}

func newFile(name string, r io.ReaderAt, size int64) (*file, error) {
	h, err := readHeader(name, r, size)
	if err != nil {
		return nil, err
	}
	f := &file{name: name, r: r, size: size, header: h}
	f.close = func() error { return nil }
	f.unmap = f.close
	f.mapped = sync.OnceValues(func() ([]byte, error) {
		var memory bytes.Buffer
		_, err := memory.ReadFrom(io.NewSectionReader(r, 0, size))
		if err == nil && int64(memory.Len()) != size {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
		return memory.Bytes(), err
	})
	return f, nil
}
