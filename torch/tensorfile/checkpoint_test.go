package tensorfile_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// write makes a file of tensors.
func write(t *testing.T, tensors map[string]*torch.Tensor) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	require.NoError(t, tensorfile.Save(path, maps.All(tensors)))
	return path
}

func open(t *testing.T, path string, rename func(string) string) *tensorfile.Checkpoint {
	t.Helper()
	c, err := tensorfile.Open(path, rename)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestACheckpointThatFitsIsReadUnderTheModelsNames(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	path := write(t, map[string]*torch.Tensor{
		"old.weight": torch.FromSlice(s, []float32{1, 2, 3, 4, 5, 6}, 2, 3),
		"old.half":   torch.FromSlice(s, []float32{0.5, 2}, 2).To(torch.BFloat16),
		"counter":    torch.FromSlice(s, []int64{7}, 1),
	})
	c := open(t, path, func(name string) string { return strings.TrimPrefix(name, "old.") })
	var told []int64
	c.Progress = func(done, total int64) { told = append(told, done, total) }
	c.Want("weight", 2, 3)
	c.Want("half", 2)
	require.NoError(t, c.Check("unfit", func(name string) bool { return name == "counter" }))

	weight, err := c.Read(t.Context(), "weight", 0)
	require.NoError(t, err)
	defer weight.Free()
	require.Equal(t, []float32{1, 2, 3, 4, 5, 6}, weight.Floats())
	half, err := c.Read(t.Context(), "half", torch.Float32)
	require.NoError(t, err)
	defer half.Free()
	require.Equal(t, torch.Float32, half.DType())
	require.Equal(t, []float32{0.5, 2}, half.Floats())
	require.Equal(t, []int64{24, 36, 28, 36}, told)

	_, err = c.Read(t.Context(), "counter", torch.Float32)
	require.ErrorContains(t, err, "tensor counter has type I64: a weight is of floating point")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Read(ctx, "weight", 0)
	require.ErrorIs(t, err, context.Canceled)
}

func TestEveryDifferenceIsToldAtOnce(t *testing.T) {
	torchtest.Need(t)
	s := torch.NewScope("test")
	defer s.Close()
	zeros := func(shape ...int) *torch.Tensor { return torch.Zeros(s, torch.Float32CPU, shape...) }
	c := open(t, write(t, map[string]*torch.Tensor{"a": zeros(2), "b": zeros(2, 3), "x.c": zeros(1), "c": zeros(1), "d": zeros(4)}),
		func(name string) string { return strings.TrimPrefix(name, "x.") })
	c.Want("a", 2)
	c.Want("b", 3, 2)
	c.Want("e", 1)
	c.Allow("c", "f")
	c.Fault("and %s", "more")
	require.EqualError(t, c.Check("unfit", nil),
		"unfit: c and x.c are the same tensor of the model; b has shape [2 3], the model wants [3 2]; e is missing; and more; d has no place in the model")

	many := open(t, write(t, map[string]*torch.Tensor{"a": zeros(1)}), nil)
	for i := range 30 {
		many.Want(fmt.Sprint(i), 1)
	}
	err := many.Check("unfit", nil)
	require.ErrorContains(t, err, "19 is missing; and 11 more")
	require.NotContains(t, err.Error(), "20 is missing")
}

func TestATensorThatIsNotFiniteIsRefused(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		path := write(t, map[string]*torch.Tensor{"w": torch.FromSlice(s, []float32{1, float32(bad)}, 2)})
		_, err := open(t, path, nil).Read(t.Context(), "w", torch.BFloat16)
		require.EqualError(t, err, path+": tensor w holds a NaN or an infinity: the file is damaged, or its training diverged")
	}
}

func TestRestoreCopiesAllOrNothing(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	a, b := torch.Zeros(s, torch.Float32CPU, 2), torch.Zeros(s, torch.Float32CPU, 1)
	model := maps.All(map[string]*torch.Tensor{"a": a, "b": b})
	saved := func(tensors map[string]*torch.Tensor) iter.Seq2[string, *torch.Tensor] { return maps.All(tensors) }

	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	require.NoError(t, tensorfile.Save(path, saved(map[string]*torch.Tensor{"a": torch.FromSlice(s, []float32{1, 2}, 2), "strange": b})))
	require.EqualError(t, tensorfile.Restore(path, model), path+": the weights do not fit the model: b is missing; strange has no place in the model")
	require.Equal(t, []float32{0, 0}, a.Floats())

	require.NoError(t, tensorfile.Save(path, saved(map[string]*torch.Tensor{"a": torch.FromSlice(s, []float32{1, 2}, 2).To(torch.BFloat16), "b": torch.FromSlice(s, []float32{3}, 1)})))
	require.NoError(t, tensorfile.Restore(dir, model))
	require.Equal(t, []float32{1, 2}, a.Floats())
	require.Equal(t, []float32{3}, b.Floats())
}
