package sbert

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unsafe"
)

// npyHeader is the head of a .npy file of a matrix: NumPy's format 1.0, always 128 bytes, so that it can be written before
// the number of rows is known. Source: numpy.lib.format.
const npyHeader = 128

// npyHead makes the head; dtype is NumPy's: <f4, <f2, |i1, |u1.
func npyHead(dtype string, rows int64, columns int) []byte {
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }", dtype, rows, columns)
	head := []byte("\x93NUMPY\x01\x00")
	head = binary.LittleEndian.AppendUint16(head, npyHeader-10)
	return append(head, dict+strings.Repeat(" ", npyHeader-10-len(dict)-1)+"\n"...)
}

// Save writes the vectors as a .npy file of float32.
func (v *Vectors) Save(path string) error {
	f, err := os.Create(path + ".partial")
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(npyHead("<f4", int64(v.Rows), v.Dimensions)); err != nil {
		return err
	}
	if _, err := f.Write(floatBytes(v.Data)); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(path+".partial", path)
}

// floatBytes is the memory of a list of numbers. All machines that libtorch runs on are little-endian, as the file is.
func floatBytes(data []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), 4*len(data))
}

// Index is vectors in a .npy file, mapped into memory: the system reads what is looked at, so that an index may be larger
// than the memory.
type Index struct {
	Vectors
	unmap func() error
}

var npyShape = regexp.MustCompile(`'shape': \((\d+), (\d+)\)`)

// OpenIndex maps a .npy file of a float32 matrix, such as [Vectors.Save], `ajolote embed encode` and NumPy write.
func OpenIndex(path string) (*Index, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 10)
	if _, err := io.ReadFull(f, head); err != nil || string(head[:8]) != "\x93NUMPY\x01\x00" {
		return nil, fmt.Errorf("%s: it is no .npy file of format 1.0", path)
	}
	dict := make([]byte, binary.LittleEndian.Uint16(head[8:]))
	if _, err := io.ReadFull(f, dict); err != nil {
		return nil, fmt.Errorf("%s: the head is cut off", path)
	}
	shape := npyShape.FindSubmatch(dict)
	if shape == nil || !strings.Contains(string(dict), "'descr': '<f4'") || !strings.Contains(string(dict), "'fortran_order': False") {
		return nil, fmt.Errorf("%s: a matrix of float32 in rows is needed, its head says %s; encode with precision float32", path, strings.TrimSpace(string(dict)))
	}
	rows, err1 := strconv.Atoi(string(shape[1]))
	columns, err2 := strconv.Atoi(string(shape[2]))
	info, err := f.Stat()
	from := int64(10 + len(dict))
	if err != nil || err1 != nil || err2 != nil || columns < 1 || int64(rows) > (info.Size()-from)/4/int64(columns) || int64(rows)*int64(columns)*4+from != info.Size() {
		return nil, fmt.Errorf("%s: %d x %d numbers do not fill the file's %d bytes: it is cut off", path, rows, columns, info.Size())
	}
	if from%4 != 0 {
		return nil, fmt.Errorf("%s: its numbers do not begin at a multiple of 4 bytes; save it again with NumPy", path)
	}
	x := &Index{Vectors: Vectors{Rows: rows, Dimensions: columns}, unmap: func() error { return nil }}
	if rows == 0 {
		return x, nil
	}
	data, unmap, err := mapFile(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	x.unmap = unmap
	x.Data = unsafe.Slice((*float32)(unsafe.Pointer(&data[from])), rows*columns)
	return x, nil
}

// Close takes the mapping back. The vectors must not be used afterwards.
func (x *Index) Close() error {
	x.Data = nil
	return x.unmap()
}
