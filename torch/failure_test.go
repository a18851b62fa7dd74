package torch_test

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/internal/library"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// TestLoadInAnotherProcess is the other process of the test below.
func TestLoadInAnotherProcess(t *testing.T) {
	if os.Getenv("TORCH_TEST_LOAD") == "" {
		t.Skip("started by another test")
	}
	first := torch.Load()
	require.Error(t, first)
	require.Equal(t, first, torch.Load())
	require.Zero(t, torch.LiveTensors())
	e := failure(t, func() { torch.NewScope("test") })
	require.ErrorIs(t, e, first)
	_, err := torch.Describe()
	require.Equal(t, first, err)
	_, err = os.Stdout.WriteString(e.Error())
	require.NoError(t, err)
}

func TestMissingLibraryIsAnErrorThatNamesThePlaceAndTheMend(t *testing.T) {
	dir := t.TempDir()
	c := exec.Command(os.Args[0], "-test.run=^TestLoadInAnotherProcess$")
	c.Env = append(os.Environ(), library.Override+"="+dir, "TORCH_TEST_LOAD=1")
	text, err := c.CombinedOutput()
	require.NoError(t, err, "%s", text)
	require.Contains(t, string(text), "torch.Load: libajolote, the library over libtorch, was not found")
	require.Contains(t, string(text), dir)
	require.Contains(t, string(text), "To mend it, run: ")
}

func TestShapesThatDoNotFitNameTheOperationAndTheShapes(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	zeros := func(shape ...int) *torch.Tensor { return torch.Zeros(s, torch.Float32CPU, shape...) }
	ids := torch.FromSlice(s, []int64{0, 9}, 2)
	for want, f := range map[string]func(){
		"torch.MatMul([2 3] float32, [4 5] float32): mat1 and mat2 shapes cannot be multiplied":                 func() { zeros(2, 3).MatMul(zeros(4, 5)) },
		"torch.Add([2 3] float32, [2 4] float32): The size of tensor a (3) must match":                          func() { zeros(2, 3).Add(zeros(2, 4)) },
		"torch.Reshape([2 3] float32): shape '[4]' is invalid":                                                  func() { zeros(2, 3).Reshape(4) },
		"torch.RMSNorm([2 3] float32, [4] float32): weight [4] does not fit rows of [2, 3]":                     func() { zeros(2, 3).RMSNorm(zeros(4), 1e-5) },
		"torch.SwiGLU([2] float32, [3] float32): gate Float [2] and up Float [3] differ":                        func() { torch.SwiGLU(zeros(2), zeros(3)) },
		"torch.LinearCrossEntropy([2 3] float32, [5 3] float32, [2] int64): target 9 is outside of the 5 words": func() { zeros(2, 3).LinearCrossEntropy(zeros(5, 3), ids, 1, 0) },
		"torch.Embedding([5 3] float32, [2] int64): index out of range":                                         func() { torch.Embedding(zeros(5, 3), ids) },
		"torch.Linear([2 3] float32, [5 4] float32): ":                                                          func() { zeros(2, 3).Linear(zeros(5, 4), nil) },
		"torch.Dim([2 3] float32): there is no dimension -3":                                                    func() { zeros(2, 3).Dim(-3) },
		"torch.Item([2 3] float32): a tensor of 6 elements is not one number":                                   func() { zeros(2, 3).Item() },
		"torch.FromSlice: 3 elements do not fill shape [2 2]":                                                   func() { torch.FromSlice(s, []float32{1, 2, 3}, 2, 2) },
		"torch.FromBytes: 3 bytes are no whole number of float32":                                               func() { torch.FromBytes(s, make([]byte, 3), torch.Float32, 1) },
		"torch.ToSlice([2] int64): the elements are int64, not float32: convert with To":                        func() { torch.ToSlice[float32](ids) },
		"torch.Data([3 2] float32): only a contiguous tensor in main memory has a data pointer":                 func() { zeros(2, 3).T().Data() },
		"torch.Backward([2] float32): grad can be implicitly created only for scalar outputs":                   func() { zeros(2).SetRequiresGrad(true).Neg().Backward() },
		"torch.Backward: there must be as many gradients as roots":                                              func() { torch.Backward([]*torch.Tensor{zeros()}, []*torch.Tensor{}) },
		"torch.Add: an operand is nil":                                                                          func() { zeros(2).Add(nil) },
		"torch.AdamW: the state does not have one entry for each parameter":                                     func() { torch.AdamW([]*torch.Tensor{zeros(2)}, torch.AdamWState{}, 1, 0, 0, 0, 0) },
		"torch.SegmentAttention([4 2 8] float32, [4 1 8] float32, [4 1 8] float32): the dropout probability must lie in [0, 1), not be 1": func() {
			torch.SegmentAttention{Bounds: []int{0, 4}, Dropout: 1}.Apply(zeros(4, 2, 8), zeros(4, 1, 8), zeros(4, 1, 8))
		},
		"torch.SegmentAttention([4 2 8] float32, [4 1 8] float32, [4 1 8] float32, [2 1 8] float32, [2 1 8] float32): attention with dropout takes no prefix": func() {
			torch.SegmentAttention{Bounds: []int{0, 4}, Dropout: 0.1, PrefixK: zeros(2, 1, 8), PrefixV: zeros(2, 1, 8)}.Apply(zeros(4, 2, 8), zeros(4, 1, 8), zeros(4, 1, 8))
		},
		"torch.SegmentAttention([4 2 8] float32, [4 1 8] float32, [4 1 8] float32): the segment bounds must rise from 0 to 4": func() {
			torch.SegmentAttention{Bounds: []int{0, 3}}.Apply(zeros(4, 2, 8), zeros(4, 1, 8), zeros(4, 1, 8))
		},
		"torch.CounterDropout([2 3] float32): the dropout probability must lie in [0, 1), not be 1": func() { zeros(2, 3).CounterDropout(1, 0, 0, 0) },
	} {
		require.Contains(t, failure(t, f).Error(), want)
	}
}

func TestErrorsCarryNoBacktraceOfTheLibrary(t *testing.T) {
	torchtest.Need(t)
	s := torch.NewScope("test")
	defer s.Close()
	e := failure(t, func() { torch.Zeros(s, torch.Float32CPU, 2, 3).Reshape(4) })
	require.NotContains(t, e.Error(), "frame #")
	require.NotContains(t, e.Error(), "libtorch")
	require.Less(t, len(e.Error()), 200)
}

func TestMemoryThatIsNotThereIsAnError(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	e := failure(t, func() { torch.Empty(s, torch.Float32CPU, 1<<23, 1<<23) })
	require.ErrorIs(t, e, torch.ErrOutOfMemory)
	require.Contains(t, e.Error(), "281474976710656 bytes")
	// The library is as good as before.
	require.Equal(t, 2.0, vector(s, 1).AddScalar(1).Item())
	require.False(t, errors.Is(failure(t, func() { vector(s, 1).Reshape(2) }), torch.ErrOutOfMemory))
}

func TestErrorsInsideBackwardComeOutOfBackward(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	x := vector(s, 1, 2).SetRequiresGrad(true)
	y := x.Exp()
	torch.NoGrad(func() { y.Fill(0) }) // what Exp's backward needs is gone
	require.Contains(t, failure(t, func() { y.Sum().Backward() }).Msg, "modified by an inplace operation")
}

func TestKernelLevelsAreChecked(t *testing.T) {
	torchtest.Need(t)
	require.ErrorContains(t, torch.SetKernelLevel("sse"), "no kernel level is called sse: composite, portable, avx2, avx512 or avx512bf16")
}

func TestThreadCountHoldsInEveryGoroutine(t *testing.T) {
	torchtest.Need(t)
	before, err := torch.Threads()
	require.NoError(t, err)
	defer func() { require.NoError(t, torch.SetThreads(before)) }()
	counts := make(chan int)
	ask := func() {
		_ = torch.Run(func() error {
			n, err := torch.Threads()
			counts <- n
			return err
		})
	}
	for _, want := range []int{3, 1} {
		require.NoError(t, torch.SetThreads(want))
		for range 8 {
			go ask()
		}
		for range 8 {
			require.Equal(t, want, <-counts)
		}
	}
	require.ErrorContains(t, torch.SetThreads(0), "the number of threads must lie between 1 and 4096, not be 0")
}
