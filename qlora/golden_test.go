package qlora_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// levels are the kernel levels that this machine has; every one must give the same bytes.
func levels(t testing.TB) []string {
	r, err := torch.Describe()
	require.NoError(t, err)
	var list []string
	for _, l := range []string{"composite", "portable", "avx2", "avx512", "avx512bf16"} {
		list = append(list, l)
		if l == r.CPULevel {
			break
		}
	}
	return list
}

// atEveryLevel runs a test once for each kernel level and with one and three threads.
func atEveryLevel(t *testing.T, f func(t *testing.T)) {
	torchtest.Need(t)
	threads, err := torch.Threads()
	require.NoError(t, err)
	defer func() {
		require.NoError(t, torch.SetKernelLevel(""))
		require.NoError(t, torch.SetThreads(threads))
	}()
	for _, level := range levels(t) {
		for _, n := range []int{1, 3} {
			require.NoError(t, torch.SetKernelLevel(level))
			require.NoError(t, torch.SetThreads(n))
			t.Run(level+map[int]string{1: "/one thread", 3: "/three threads"}[n], f)
		}
	}
}

func golden(t testing.TB) (file *safetensors.Weights, names []string) {
	file, err := safetensors.Open(filepath.Join("testdata", "golden.safetensors"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	for _, tensor := range file.Tensors() {
		if name, ok := strings.CutSuffix(tensor.Name, ".input"); ok {
			names = append(names, name)
		}
	}
	require.Greater(t, len(names), 25)
	return file, names
}

// optionsOf reads from the stored tensors how bitsandbytes was asked to quantise.
func optionsOf(t *testing.T, file *safetensors.Weights, name string) qlora.Options {
	text, err := file.Tensor(name + ".weight.quant_state.bitsandbytes__nf4").Read()
	require.NoError(t, err)
	var state struct {
		BlockSize int `json:"blocksize"`
	}
	require.NoError(t, json.Unmarshal(text, &state))
	return qlora.Options{BlockSize: state.BlockSize, DoubleQuant: file.Tensor(name+".weight.nested_absmax") != nil}
}

// requireStored fails when w would be stored in another way than file has it.
func requireStored(t *testing.T, file *safetensors.Weights, name string, w *qlora.Weight) {
	t.Helper()
	list, err := w.Stored(name)
	require.NoError(t, err)
	for _, got := range list {
		want := file.Tensor(got.Name)
		require.NotNil(t, want, got.Name)
		require.Equal(t, want.Spec, got.Spec)
		data, err := want.Read()
		require.NoError(t, err)
		if i := firstDifference(data, got.Data); i >= 0 {
			t.Fatalf("%s: byte %d of %d is %#x, bitsandbytes has %#x", got.Name, i, len(data), got.Data[i], data[i])
		}
	}
	n := 0
	for _, stored := range qlora.StoredNames(name) {
		if file.Tensor(stored) != nil {
			n++
		}
	}
	require.Len(t, list, n)
}

func firstDifference(a, b []byte) int {
	if bytes.Equal(a, b) {
		return -1
	}
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

func tensorOf(t *testing.T, s *torch.Scope, stored *safetensors.Tensor) *torch.Tensor {
	data, err := stored.Read()
	require.NoError(t, err)
	shape := make([]int, len(stored.Shape))
	for i, d := range stored.Shape {
		shape[i] = int(d)
	}
	dtype := map[safetensors.DType]torch.DType{safetensors.F32: torch.Float32, safetensors.BF16: torch.BFloat16, safetensors.F16: torch.Float16}[stored.DType]
	return torch.FromBytes(s, data, dtype, shape...)
}

func TestQuantizeGivesTheBytesOfBitsandbytes(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		file, names := golden(t)
		for _, name := range names {
			t.Run(name, func(t *testing.T) {
				torchtest.NoLeaks(t)
				s := torch.NewScope("test")
				defer s.Close()
				o := optionsOf(t, file, name)
				w, err := qlora.Quantize(name, tensorOf(t, s, file.Tensor(name+".input")), o)
				require.NoError(t, err)
				requireStored(t, file, name+".weight", w)
				w.Free()

				w, err = qlora.QuantizeStored(file.Tensor(name+".input"), o)
				require.NoError(t, err)
				requireStored(t, file, name+".weight", w)
				w.Free()
			})
		}
	})
}

func TestReadKeepsEveryByteOfAStoredWeight(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	file, names := golden(t)
	for _, name := range names {
		require.True(t, qlora.IsStored(file, name+".weight"))
		w, err := qlora.Read(file, name+".weight")
		require.NoError(t, err)
		requireStored(t, file, name+".weight", w)
		w.Free()
	}
}

func TestDequantizeGivesTheNumbersOfBitsandbytes(t *testing.T) {
	var want map[string]map[string]string
	text, err := os.ReadFile(filepath.Join("testdata", "dequantized.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &want))
	atEveryLevel(t, func(t *testing.T) {
		torchtest.NoLeaks(t)
		file, names := golden(t)
		for _, name := range names {
			w, err := qlora.Read(file, name+".weight")
			require.NoError(t, err)
			for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16, torch.Float16} {
				s := torch.NewScope("test")
				x, err := w.Dequantize(s, dtype)
				require.NoError(t, err)
				require.Equal(t, w.Shape, x.Shape())
				sum := sha256.Sum256(x.Contiguous().Bytes())
				require.Equal(t, want[name][dtype.String()], hex.EncodeToString(sum[:]), "%s as %s", name, dtype)
				s.Close()
			}
			w.Free()
		}
	})
}

// The mean of 65,541 scales is where bitsandbytes' bytes begin to depend on the number of threads; ours must not.
func TestBytesOfALargeTensorAreThoseOfOneThread(t *testing.T) {
	var want map[string]string
	text, err := os.ReadFile(filepath.Join("testdata", "large.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &want))
	x := make([]float32, 4096*1024+64*5)
	for i := range x {
		x[i] = float32(uint32(uint64(i)*2654435761)>>8)/(1<<24) - 0.5
		x[i] *= float32(1 + i/64%97)
	}
	atEveryLevel(t, func(t *testing.T) {
		torchtest.NoLeaks(t)
		s := torch.NewScope("test")
		defer s.Close()
		w, err := qlora.Quantize("large", torch.FromSlice(s, x, len(x)), qlora.Options{DoubleQuant: true})
		require.NoError(t, err)
		defer w.Free()
		list, err := w.Stored("large")
		require.NoError(t, err)
		require.Len(t, list, len(want))
		for _, stored := range list {
			sum := sha256.Sum256(stored.Data)
			require.Equal(t, want[strings.TrimPrefix(stored.Name, "large")], hex.EncodeToString(sum[:]), stored.Name)
		}
	})
}
