package tensorfile

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
)

// Checkpoint is a model's weights in a file or in shards, laid against what the model wants of them. Want names its tensors,
// Check lists at once what is missing, surplus or of another shape, Read gives them one by one.
type Checkpoint struct {
	File *safetensors.Weights
	// Progress is told the bytes read so far and in all; nil for nobody.
	Progress func(done, total int64)

	byName map[string]*safetensors.Tensor // by the model's names
	wanted map[string]bool
	faults []string
	done   int64
}

// Open opens the weights that [safetensors.Open] finds at path. rename gives the name that the model has for a tensor of the
// file; nil where they are the same. Close the checkpoint.
func Open(path string, rename func(string) string) (*Checkpoint, error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	c := &Checkpoint{File: file, byName: map[string]*safetensors.Tensor{}, wanted: map[string]bool{}}
	for _, t := range file.Tensors() {
		name := t.Name
		if rename != nil {
			name = rename(name)
		}
		if twin := c.byName[name]; twin != nil {
			c.Fault("%s and %s are the same tensor of the model", twin.Name, t.Name)
		}
		c.byName[name] = t
	}
	return c, nil
}

// Close closes the files.
func (c *Checkpoint) Close() error { return c.File.Close() }

// Tensor is the file's tensor that the model calls name; nil where there is none.
func (c *Checkpoint) Tensor(name string) *safetensors.Tensor { return c.byName[name] }

// Want names a tensor that must be there, of this shape.
func (c *Checkpoint) Want(name string, shape ...int) {
	c.wanted[name] = true
	switch t := c.byName[name]; {
	case t == nil:
		c.Fault("%s is missing", name)
	case !SameShape(t.Shape, shape):
		c.Fault("%s has shape %d, the model wants %d", t.Name, t.Shape, shape)
	}
}

// Allow names tensors that may be there, whatever their shape.
func (c *Checkpoint) Allow(names ...string) {
	for _, name := range names {
		c.wanted[name] = true
	}
}

// Fault adds what else is wrong to what Check reports.
func (c *Checkpoint) Fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// mostFaults is how many differences an error tells one by one.
const mostFaults = 20

// Check returns all differences as one error that begins with what; nil if there is none. A tensor that nobody wanted is one,
// unless passOver, which may be nil, says of the model's name for it that it is of no matter.
func (c *Checkpoint) Check(what string, passOver func(name string) bool) error {
	faults := c.faults
	names := make(map[*safetensors.Tensor]string, len(c.byName))
	for name, t := range c.byName {
		names[t] = name
	}
	for _, t := range c.File.Tensors() { // in the file's order
		if name, ok := names[t]; ok && !c.wanted[name] && (passOver == nil || !passOver(name)) {
			faults = append(faults, t.Name+" has no place in the model")
		}
	}
	if len(faults) == 0 {
		return nil
	}
	if n := len(faults); n > mostFaults {
		faults = append(faults[:mostFaults:mostFaults], fmt.Sprintf("and %d more", n-mostFaults))
	}
	return fmt.Errorf("%s: %s", what, strings.Join(faults, "; "))
}

// Read loads a tensor of floating point that Check has found, as a long-lived one of the type dtype; 0 keeps the file's. A NaN
// or an infinity in it is an error.
func (c *Checkpoint) Read(ctx context.Context, name string, dtype torch.DType) (*torch.Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	source := c.byName[name]
	t, err := readFloats(nil, source)
	if err != nil {
		return nil, err
	}
	if !torch.AllFinite([]*torch.Tensor{t}) {
		t.Free()
		return nil, fmt.Errorf("%s: tensor %s holds a NaN or an infinity: the file is damaged, or its training diverged", source.File(), source.Name)
	}
	c.Advance(source.Bytes())
	if dtype == 0 || dtype == t.DType() {
		return t, nil
	}
	s := torch.NewScope("read")
	defer s.Close()
	converted := t.In(s).To(dtype).Keep(nil)
	t.Free()
	return converted, nil
}

// Advance tells Progress of bytes that were read otherwise than with Read.
func (c *Checkpoint) Advance(bytes int64) {
	c.done += bytes
	if c.Progress != nil {
		c.Progress(c.done, c.File.Bytes())
	}
}

// Restore copies weights of a file, or of the one in a folder, into tensors that have their names and shapes, whatever the
// types. When one is missing, surplus or of another shape nothing is copied, and the error lists them all.
func Restore(path string, parameters iter.Seq2[string, *torch.Tensor]) (err error) {
	defer torch.Catch(&err)
	c, err := Open(path, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	for name, t := range parameters {
		c.Want(name, t.Shape()...)
	}
	if err := c.Check(path+": the weights do not fit the model", nil); err != nil {
		return err
	}
	for name, t := range parameters {
		s := torch.NewScope("restore")
		value, err := readFloats(s, c.byName[name])
		if err == nil {
			torch.NoGrad(func() { t.Copy(value) })
		}
		s.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// readFloats reads a tensor that must be of floating point.
func readFloats(s *torch.Scope, source *safetensors.Tensor) (*torch.Tensor, error) {
	t, err := Read(s, source)
	if err == nil && !t.DType().IsFloat() {
		t.Free()
		return nil, fmt.Errorf("%s: tensor %s has type %v: a weight is of floating point", source.File(), source.Name, source.DType)
	}
	return t, err
}
