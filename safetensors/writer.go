package safetensors

// Writing: the tensors are declared, their places follow from that, and the
// bytes may then come in any order, tensor by tensor. The files are written
// beside their final names and renamed at the end.

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// A Writer writes one file, or the shards of one model. It holds no tensor:
// bytes go to the disk as they come.
type Writer struct {
	outputs []*output
	order   []*TensorWriter
	byName  map[string]*TensorWriter
	publish func() error // gives the complete outputs their names

	mu    sync.Mutex
	ended bool // by Commit or Abort
}

// output is one file that is being written under a name of its own.
type output struct {
	path    string // its name after Commit
	renamed bool
	*os.File
}

// Create begins a file of the given tensors, laid out in the given order
// ([SortAsPython] gives the one of Python's writer). metadata is the header's
// free text; nil stands for {"format": "pt"}, which transformers 4 insists on.
//
// Until [Writer.Commit] everything is in path + ".partial"; a file that has the
// final name stays untouched until then. The writer must be ended with Commit
// or [Writer.Abort].
func Create(path string, tensors []Spec, metadata map[string]string) (*Writer, error) {
	if err := checkAll(tensors); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	w := newWriter(len(tensors))
	if err := w.open(path, tensors, metadata); err != nil {
		w.end()
		return nil, err
	}
	w.publish = w.rename
	return w, nil
}

func newWriter(tensors int) *Writer {
	return &Writer{byName: make(map[string]*TensorWriter, tensors)}
}

// open begins one output and writes its header.
func (w *Writer) open(path string, tensors []Spec, metadata map[string]string) error {
	if metadata == nil {
		metadata = map[string]string{"format": "pt"}
	}
	head, err := encodeHeader(tensors, metadata)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f, err := openPartial(path + ".partial")
	if err != nil {
		return err
	}
	out := &output{path: path, File: f}
	w.outputs = append(w.outputs, out)
	if _, err := f.WriteAt(head, 0); err != nil {
		return err
	}
	at := int64(len(head))
	for _, spec := range tensors {
		t := &TensorWriter{Spec: spec, out: out, offset: at}
		w.order = append(w.order, t)
		w.byName[spec.Name] = t
		at += spec.Bytes()
	}
	return nil
}

// openPartial opens an empty file under a lock. What an earlier program left
// there when it was killed is overwritten.
func openPartial(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		if err := lockFile(f); err != nil {
			f.Close()
			return nil, fmt.Errorf("%s is being written by another program: wait for it, or choose another place: %w", path, err)
		}
		// Between opening and locking, its owner may have renamed it.
		ours, err := f.Stat()
		if err == nil {
			var named os.FileInfo
			if named, err = os.Stat(path); err == nil && os.SameFile(ours, named) {
				if err = f.Truncate(0); err == nil {
					return f, nil
				}
			}
		}
		f.Close()
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
}

// encodeHeader writes the length and the header, padded with spaces so that
// the data begins at a multiple of 8, with the spelling of the reference writer.
func encodeHeader(tensors []Spec, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	b.WriteByte('{')
	key := func(name string) error {
		if b.Len() > 9 {
			b.WriteByte(',')
		}
		text, err := quote(name)
		b.Write(text)
		b.WriteByte(':')
		return err
	}
	if len(metadata) > 0 {
		text, err := quote(metadata)
		if err != nil {
			return nil, err
		}
		if err := key(metadataKey); err != nil {
			return nil, err
		}
		b.Write(text)
	}
	var at int64
	for _, t := range tensors {
		end := add(at, t.Bytes())
		shape := t.Shape
		if shape == nil {
			shape = []int64{}
		}
		text, err := json.Marshal(shape)
		if err != nil {
			return nil, err
		}
		if err := key(t.Name); err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, `{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, t.DType, text, at, end)
		at = end
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	n := b.Len() - 8
	if n > maxHeaderBytes {
		return nil, fmt.Errorf("the header is %d bytes long, more than the %d that readers take", n, maxHeaderBytes)
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(n))
	return b.Bytes(), nil
}

// quote is JSON without the escapes that are meant for web pages.
func quote(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// A TensorWriter takes the bytes of one tensor, first to last, as an
// [io.Writer]. Writers of different tensors may be used at the same time.
type TensorWriter struct {
	Spec
	out     *output
	offset  int64 // of the tensor in the file
	written int64
}

// Write appends bytes of the tensor. More than the tensor has is an error, and
// then nothing of p is written.
func (t *TensorWriter) Write(p []byte) (int, error) {
	if t.written+int64(len(p)) > t.Bytes() {
		return 0, fmt.Errorf("%s: tensor %s: %d bytes after the first %d are more than its %d (shape %v of %s)",
			t.out.path, t.Name, len(p), t.written, t.Bytes(), t.Shape, t.DType)
	}
	n, err := t.out.WriteAt(p, t.offset+t.written)
	t.written += int64(n)
	if err != nil {
		err = fmt.Errorf("%s: tensor %s: %w", t.out.path, t.Name, err)
	}
	return n, err
}

// Tensor gives the writer of a declared tensor, always the same one for a name.
func (w *Writer) Tensor(name string) (*TensorWriter, error) {
	t := w.byName[name]
	if t == nil {
		return nil, fmt.Errorf("%s: tensor %s was not declared", w.outputs[0].path, name)
	}
	return t, nil
}

// Write writes a tensor in one piece.
func (w *Writer) Write(name string, data []byte) error {
	t, err := w.Tensor(name)
	if err != nil {
		return err
	}
	if int64(len(data)) != t.Bytes() {
		return fmt.Errorf("%s: tensor %s: %d bytes are given, shape %v of %s takes %d", t.out.path, name, len(data), t.Shape, t.DType, t.Bytes())
	}
	_, err = t.Write(data)
	return err
}

// Commit checks that every tensor is complete, brings the bytes to the disk and
// gives the files their names. When it fails, the partial files are removed and
// what stood under the names before still does (of several shards, see
// [CreateSharded]).
func (w *Writer) Commit() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return errors.New("safetensors: the writer has been committed or aborted before")
	}
	err := w.complete()
	for _, out := range w.outputs {
		if err == nil {
			err = out.Sync()
		}
	}
	if err == nil {
		err = w.publish()
	}
	return errors.Join(err, w.end())
}

// complete returns an error that names a tensor whose bytes did not all come.
func (w *Writer) complete() error {
	var first *TensorWriter
	more := -1
	for _, t := range w.order {
		if t.written != t.Bytes() {
			more++
			if first == nil {
				first = t
			}
		}
	}
	if first == nil {
		return nil
	}
	err := fmt.Errorf("%s: tensor %s: only %d of %d bytes were written", first.out.path, first.Name, first.written, first.Bytes())
	if more > 0 {
		err = fmt.Errorf("%w (and %d more incomplete tensors)", err, more)
	}
	return err
}

// rename gives every output its final name.
func (w *Writer) rename() error {
	for _, out := range w.outputs {
		if err := os.Rename(out.Name(), out.path); err != nil {
			return err
		}
		out.renamed = true
	}
	return syncDir(filepath.Dir(w.outputs[0].path))
}

// syncDir makes the renames of a directory last through a power cut, where the
// system can.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	d.Sync() // some file systems refuse; the files themselves are safe
	return d.Close()
}

// Abort ends the writer and removes the partial files. After Commit it does
// nothing, so that it can be deferred.
func (w *Writer) Abort() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return nil
	}
	return w.end()
}

// end removes what was not renamed and closes the files. The lock lasts until
// then, so a partial file of that name is still ours.
func (w *Writer) end() error {
	w.ended = true
	var faults []error
	for _, out := range w.outputs {
		if !out.renamed {
			faults = append(faults, os.Remove(out.Name()))
		}
		faults = append(faults, out.Close())
	}
	return errors.Join(faults...)
}
