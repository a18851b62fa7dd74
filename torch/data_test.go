package torch_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func roundTrip[E torch.Element](t *testing.T, s *torch.Scope, dtype torch.DType, values ...E) {
	x := torch.FromSlice(s, values, len(values))
	require.Equal(t, dtype, x.DType())
	require.Equal(t, values, torch.ToSlice[E](x))
	require.Equal(t, []int{len(values)}, x.Shape())
	require.Equal(t, values, torch.ToSlice[E](torch.FromBytes(s, x.Bytes(), dtype, len(values))))
	require.Len(t, x.Bytes(), len(values)*dtype.Size())
}

func TestSlicesComeBackAsTheyWent(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	roundTrip(t, s, torch.Float32, 1.5, float32(math.Inf(-1)), math.SmallestNonzeroFloat32)
	roundTrip(t, s, torch.Float64, 1e300, -0.1)
	roundTrip(t, s, torch.Int64, int64(math.MinInt64), math.MaxInt64)
	roundTrip(t, s, torch.Int32, int32(math.MinInt32), 7)
	roundTrip(t, s, torch.Int8, int8(-128), 127)
	roundTrip(t, s, torch.Uint8, uint8(0), 255)
	roundTrip(t, s, torch.Bool, true, false, true)
	roundTrip(t, s, torch.Float32, []float32{}...)
	require.Equal(t, []int{}, torch.FromSlice(s, []int64{7}).Shape(), "no sizes make a scalar")
	matrix := torch.FromSlice(s, []int64{1, 2, 3, 4, 5, 6}, 2, 3)
	require.Equal(t, []int64{1, 4, 2, 5, 3, 6}, torch.ToSlice[int64](matrix.T()), "views come out in row-major order")
	require.Equal(t, []float32{1, 4, 2, 5, 3, 6}, matrix.T().Floats())
}

func TestDataIsTheTensorsOwnMemory(t *testing.T) {
	torchtest.Need(t)
	s := torch.NewScope("test")
	defer s.Close()
	x := torch.FromSlice(s, []uint8{1, 2, 3}, 3)
	x.Data()[1] = 9
	require.Equal(t, []uint8{1, 9, 3}, torch.ToSlice[uint8](x))
	require.Empty(t, torch.Empty(s, torch.Float32CPU, 0, 3).Data())
}

func TestTensorDescribesItself(t *testing.T) {
	torchtest.Need(t)
	s := torch.NewScope("test")
	defer s.Close()
	x := torch.Zeros(s, torch.Options{DType: torch.BFloat16, Device: torch.CPU}, 2, 0, 3)
	require.Equal(t, "tensor([2 0 3] bfloat16, cpu)", x.String())
	require.Equal(t, 3, x.Rank())
	require.Equal(t, 0, x.Len())
	require.Equal(t, 3, x.Dim(-1))
	require.True(t, x.IsContiguous())
	y := torch.FromSlice(s, []float32{1, 2, 3, 4}, 2, 2)
	require.False(t, y.T().IsContiguous())
	require.True(t, y.Equal(y.T().T()))
	require.False(t, y.Equal(y.T()))
	require.Equal(t, torch.CPU, y.ToDevice(torch.CPU).Device())
}

func TestDTypeNamesAreTorchs(t *testing.T) {
	for _, d := range []torch.DType{torch.Float32, torch.Float64, torch.Float16, torch.BFloat16, torch.Int64, torch.Int32, torch.Int8, torch.Uint8, torch.Bool} {
		parsed, err := torch.ParseDType(d.String())
		require.NoError(t, err)
		require.Equal(t, d, parsed)
		require.Positive(t, d.Size())
	}
	_, err := torch.ParseDType("float8")
	require.ErrorContains(t, err, `no element type is called "float8"`)
	require.Equal(t, "dtype(99)", torch.DType(99).String())
}

func TestConstantsAreWhatTheySay(t *testing.T) {
	torchtest.Need(t)
	s := torch.NewScope("test")
	defer s.Close()
	long := torch.Options{DType: torch.Int64, Device: torch.CPU}
	require.Equal(t, []int64{3, 5, 7}, torch.ToSlice[int64](torch.Arange(s, 3, 9, 2, long)))
	require.Equal(t, []float32{1, 0.75, 0.5}, torch.Arange(s, 1, 0.4, -0.25, torch.Float32CPU).Floats())
	require.Equal(t, []int64{1, 1}, torch.ToSlice[int64](torch.Ones(s, long, 2)))
	require.Equal(t, []float32{0, 0}, torch.Zeros(s, torch.Float32CPU, 2).Floats())
	require.Equal(t, 2.5, torch.Scalar(s, 2.5, torch.Float32CPU).Item())
	require.Equal(t, []int{4, 0}, torch.Empty(s, long, 4, 0).Shape())
	require.Equal(t, float64(1<<40+1), torch.Full(s, 1<<40+1, long).Item())
}
