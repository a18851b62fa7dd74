package gguf

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// The layout of a file: magic, version, the numbers of tensors and of keys, the keys, the tensors' descriptions, padding,
// the tensors' data, each at a multiple of the alignment.
const (
	magic     = "GGUF"
	version   = 3
	alignment = 32
)

// The types of values, as numbered in a file.
const (
	typeInt32   = 5
	typeUint32  = 4
	typeFloat32 = 6
	typeBool    = 7
	typeString  = 8
	typeArray   = 9
)

// entry is one key of a file. Its value is a uint32, float32, bool, string, []string, []float32 or []int32.
type entry struct {
	key   string
	value any
}

// tensor describes a tensor and writes its data.
type tensor struct {
	name  string
	shape []int64 // outermost first, as in torch
	kind  Type
	data  func(io.Writer) error
}

func (t tensor) elements() int64 {
	n := int64(1)
	for _, d := range t.shape {
		n *= d
	}
	return n
}

func padding(n int64) int64 { return (alignment - n%alignment) % alignment }

// output writes little-endian numbers and counts bytes.
type output struct {
	w   *bufio.Writer
	n   int64
	err error
}

func (o *output) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	o.n += int64(n)
	o.err = err
	return n, err
}

func (o *output) u32(v uint32) { _, _ = o.Write(binary.LittleEndian.AppendUint32(nil, v)) }
func (o *output) u64(v uint64) { _, _ = o.Write(binary.LittleEndian.AppendUint64(nil, v)) }

func (o *output) text(s string) {
	o.u64(uint64(len(s)))
	_, _ = io.WriteString(o, s)
}

func (o *output) pad() {
	_, _ = o.Write(make([]byte, padding(o.n)))
}

func (o *output) value(v any) {
	list := func(kind uint32, n int) {
		o.u32(typeArray)
		o.u32(kind)
		o.u64(uint64(n))
	}
	switch v := v.(type) {
	case uint32:
		o.u32(typeUint32)
		o.u32(v)
	case float32:
		o.u32(typeFloat32)
		o.u32(math.Float32bits(v))
	case bool:
		o.u32(typeBool)
		b := byte(0)
		if v {
			b = 1
		}
		_, _ = o.Write([]byte{b})
	case string:
		o.u32(typeString)
		o.text(v)
	case []string:
		list(typeString, len(v))
		for _, s := range v {
			o.text(s)
		}
	case []float32:
		list(typeFloat32, len(v))
		for _, f := range v {
			o.u32(math.Float32bits(f))
		}
	case []int32:
		list(typeInt32, len(v))
		for _, n := range v {
			o.u32(uint32(n))
		}
	default:
		o.err = fmt.Errorf("gguf: a value of type %T", v)
	}
}

// write writes a whole file.
func write(to io.Writer, entries []entry, tensors []tensor) error {
	o := &output{w: bufio.NewWriterSize(to, 1<<20)}
	_, _ = io.WriteString(o, magic)
	o.u32(version)
	o.u64(uint64(len(tensors)))
	o.u64(uint64(len(entries)))
	for _, e := range entries {
		o.text(e.key)
		o.value(e.value)
	}
	offset := int64(0)
	for _, t := range tensors {
		o.text(t.name)
		o.u32(uint32(len(t.shape)))
		for i := len(t.shape) - 1; i >= 0; i-- {
			o.u64(uint64(t.shape[i]))
		}
		o.u32(t.kind.code())
		o.u64(uint64(offset))
		size := t.kind.bytes(t.elements())
		offset += size + padding(size)
	}
	o.pad()
	for _, t := range tensors {
		from := o.n
		if err := t.data(o); err != nil {
			return err
		}
		if size := t.kind.bytes(t.elements()); o.err == nil && o.n-from != size {
			return fmt.Errorf("gguf: tensor %s: %d bytes were written instead of %d", t.name, o.n-from, size)
		}
		o.pad()
	}
	if o.err != nil {
		return o.err
	}
	return o.w.Flush()
}
