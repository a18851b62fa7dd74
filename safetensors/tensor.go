package safetensors

// A tensor of an open file, and the ways to its bytes.

import (
	"fmt"
	"io"
	"math"
)

// A Tensor is one tensor of open weights. It reads the file when asked, never
// before; any number of goroutines may read one tensor, or many, at once.
type Tensor struct {
	Spec
	// Offset is where the tensor's bytes begin in its file. Nothing says that
	// it is a multiple of the element size: files of other writers may hold an
	// F32 tensor at an odd address.
	Offset int64

	file *file
}

// File is the path of the file that holds the tensor.
func (t *Tensor) File() string { return t.file.name }

// ReadAt fills p with the tensor's bytes from byte off on: an [io.ReaderAt]
// over the tensor alone. The bytes are little-endian elements, row by row.
func (t *Tensor) ReadAt(p []byte, off int64) (int, error) {
	size := t.Bytes()
	if off < 0 {
		return 0, fmt.Errorf("%s: tensor %s: reading at the negative offset %d", t.file.name, t.Name, off)
	}
	if off >= size {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	short := int64(len(p)) > size-off
	if short {
		p = p[:size-off]
	}
	n, err := t.file.r.ReadAt(p, t.Offset+off)
	if n == len(p) {
		err = nil // a ReaderAt may say EOF with the last full read
	} else if err != nil {
		// Full at opening, short now: somebody cut the file meanwhile.
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return n, fmt.Errorf("%s: tensor %s: %w", t.file.name, t.Name, err)
	}
	if short {
		err = io.EOF
	}
	return n, err
}

// Reader reads the tensor's bytes from the first to the last.
func (t *Tensor) Reader() *io.SectionReader { return io.NewSectionReader(t, 0, t.Bytes()) }

// Read returns all bytes of the tensor in memory of its own.
func (t *Tensor) Read() ([]byte, error) {
	if t.Bytes() > math.MaxInt {
		return nil, fmt.Errorf("%s: tensor %s: %d bytes do not fit into the address space", t.file.name, t.Name, t.Bytes())
	}
	p := make([]byte, t.Bytes())
	if _, err := t.ReadAt(p, 0); err != nil {
		return nil, err
	}
	return p, nil
}

// Mapped returns the tensor's bytes without copying them: a piece of the file
// mapped into memory, which the system reads when it is touched. It must not
// be written to, is gone after [Weights.Close], and touching it after another
// program has cut the file kills the process: keep to [Tensor.ReadAt] for files
// that may change. Where the system cannot map files, and for weights from
// [OpenReaderAt], the whole file is read into memory at the first call.
func (t *Tensor) Mapped() ([]byte, error) {
	memory, err := t.file.mapped()
	if err != nil {
		return nil, err
	}
	end := t.Offset + t.Bytes()
	return memory[t.Offset:end:end], nil
}
