package llama

import (
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
)

var dtypes = map[safetensors.DType]torch.DType{
	safetensors.F32: torch.Float32, safetensors.F16: torch.Float16, safetensors.BF16: torch.BFloat16, safetensors.F64: torch.Float64,
}

// chunkBytes is how much one read asks for. Several go on at once, so that one thread's page faults are not the limit.
const chunkBytes = 8 << 20

// read loads a tensor as a long-lived one of the type dtype; 0 keeps the file's.
func (l *loader) read(name string, dtype torch.DType) (*torch.Tensor, error) {
	if err := l.ctx.Err(); err != nil {
		return nil, err
	}
	source := l.weights.Tensor(name)
	stored, ok := dtypes[source.DType]
	if !ok {
		return nil, fmt.Errorf("%s: tensor %s has type %v: weights must be float32, bfloat16, float16 or float64", source.File(), name, source.DType)
	}
	shape := make([]int, len(source.Shape))
	for i, d := range source.Shape {
		shape[i] = int(d)
	}
	t := torch.Empty(nil, torch.Options{DType: stored, Device: torch.CPU}, shape...)
	if err := readInto(t.Data(), source); err != nil {
		t.Free()
		return nil, fmt.Errorf("%s: tensor %s: %w", source.File(), name, err)
	}
	l.advance(source.Bytes())
	if dtype == 0 || dtype == stored {
		return t, nil
	}
	s := torch.NewScope("read")
	defer s.Close()
	converted := t.In(s).To(dtype).Keep(nil)
	t.Free()
	return converted, nil
}

func (l *loader) advance(bytes int64) {
	l.done += bytes
	if l.o.Progress != nil {
		l.o.Progress(l.done, l.total)
	}
}

// readInto fills data with a tensor's bytes in parallel ranges.
func readInto(data []byte, source *safetensors.Tensor) error {
	var g errgroup.Group
	g.SetLimit(2 * runtime.GOMAXPROCS(0))
	for at := 0; at < len(data); at += chunkBytes {
		piece := data[at:min(at+chunkBytes, len(data))]
		g.Go(func() error {
			_, err := source.ReadAt(piece, int64(at))
			return err
		})
	}
	return g.Wait()
}
