package qlora_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestInfinitiesAndNaNAreRefusedWithTheTensorsName(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		torchtest.NoLeaks(t)
		for _, bad := range []float64{math.Inf(1), math.Inf(-1), math.NaN()} {
			for _, place := range []int{0, 63, 64, 130, 199} { // the last ones in the partial block
				s := torch.NewScope("test")
				x := make([]float32, 200)
				x[place] = float32(bad)
				for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16, torch.Float16} {
					_, err := qlora.Quantize("model.layers.3.mlp.up_proj.weight", torch.FromSlice(s, x, 2, 100).To(dtype), qlora.Options{DoubleQuant: true})
					require.ErrorContains(t, err, "model.layers.3.mlp.up_proj.weight")
					require.ErrorContains(t, err, "has no NF4 code")
					require.Regexp(t, "element [0-9]+ of 200 is", err.Error())
				}
				s.Close()
			}
		}
	})
}

func TestOtherTypesShapesAndBlocksAreRefused(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	for _, c := range []struct {
		x    *torch.Tensor
		o    qlora.Options
		want string
	}{
		{torch.Zeros(s, torch.Options{DType: torch.Float64, Device: torch.CPU}, 64), qlora.Options{}, "only float32, bfloat16 and float16"},
		{torch.Zeros(s, torch.Options{DType: torch.Int64, Device: torch.CPU}, 64), qlora.Options{}, "only float32, bfloat16 and float16"},
		{torch.Zeros(s, torch.Float32CPU, 0, 64), qlora.Options{}, "an empty tensor"},
		{torch.Zeros(s, torch.Float32CPU, 64), qlora.Options{BlockSize: 48}, "powers of two from 32 to 4096"},
		{torch.Zeros(s, torch.Float32CPU, 64), qlora.Options{BlockSize: 8192}, "powers of two from 32 to 4096"},
	} {
		_, err := qlora.Quantize("w", c.x, c.o)
		require.ErrorContains(t, err, "quantising tensor w")
		require.ErrorContains(t, err, c.want)
	}
}

// stored returns a checkpoint of one weight in memory, its tensors first changed.
func stored(t testing.TB, w *qlora.Weight, change func(list []qlora.Stored) []qlora.Stored) *safetensors.Weights {
	list, err := w.Stored("w.weight")
	require.NoError(t, err)
	for i := range list {
		list[i].Data = bytes.Clone(list[i].Data)
	}
	list = change(list)
	path := t.TempDir() + "/w.safetensors"
	var specs []safetensors.Spec
	for _, s := range list {
		specs = append(specs, s.Spec)
	}
	file, err := safetensors.Create(path, specs, nil)
	require.NoError(t, err)
	for _, s := range list {
		require.NoError(t, file.Write(s.Name, s.Data))
	}
	require.NoError(t, file.Commit())
	read, err := safetensors.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, read.Close()) })
	return read
}

func TestDamagedWeightsAreRefusedWithTheTensorsName(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	w, err := qlora.Quantize("w", torch.NewGenerator(4).Randn(s, torch.Float32CPU, 8, 64), qlora.Options{DoubleQuant: true})
	require.NoError(t, err)
	defer w.Free()
	without := func(name string) func(list []qlora.Stored) []qlora.Stored {
		return func(list []qlora.Stored) []qlora.Stored {
			var kept []qlora.Stored
			for _, s := range list {
				if s.Name != name {
					kept = append(kept, s)
				}
			}
			return kept
		}
	}
	replace := func(name string, f func(s *qlora.Stored)) func(list []qlora.Stored) []qlora.Stored {
		return func(list []qlora.Stored) []qlora.Stored {
			for i := range list {
				if list[i].Name == name {
					f(&list[i])
				}
			}
			return list
		}
	}
	state := func(text string) func(s *qlora.Stored) {
		return func(s *qlora.Stored) { s.Data, s.Shape = []byte(text), []int64{int64(len(text))} }
	}
	const blob = "w.weight.quant_state.bitsandbytes__nf4"
	for name, c := range map[string]struct {
		change func(list []qlora.Stored) []qlora.Stored
		want   string
	}{
		"no codes":         {without("w.weight"), "tensor w.weight is missing"},
		"no absmax":        {without("w.weight.absmax"), "tensor w.weight.absmax is missing"},
		"no levels":        {without("w.weight.quant_map"), "tensor w.weight.quant_map is missing"},
		"no nested absmax": {without("w.weight.nested_absmax"), "tensor w.weight.nested_absmax is missing"},
		"no state":         {without(blob), blob + " is missing"},
		"other levels":     {replace("w.weight.quant_map", func(s *qlora.Stored) { s.Data[0]++ }), "w.weight.quant_map: its levels are not those of NF4"},
		"short codes": {replace("w.weight", func(s *qlora.Stored) { s.Data, s.Shape = s.Data[1:], []int64{255, 1} }),
			"tensor w.weight: U8 [255 1] holds 255 bytes, where its quant_state asks for 256"},
		"scales not compressed": {replace("w.weight.absmax", func(s *qlora.Stored) {
			s.DType, s.Shape, s.Data = safetensors.F32, []int64{8}, make([]byte, 32)
		}), "tensor w.weight.absmax: F32 [8] holds 32 bytes"},
		"infinite scale": {replace("w.weight.nested_absmax", func(s *qlora.Stored) { copy(s.Data, []byte{0, 0, 0x80, 0x7f}) }),
			"tensor w.weight.nested_absmax: element 0 is not finite"},
		"state is no JSON":    {replace(blob, state(`{"quant_type": "nf4"`)), blob},
		"state with more":     {replace(blob, state(`{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [64]} 1`)), "more text after the object"},
		"fp4":                 {replace(blob, state(`{"quant_type": "fp4", "blocksize": 64, "dtype": "float32", "shape": [64]}`)), `quant_type is "fp4"`},
		"odd block size":      {replace(blob, state(`{"quant_type": "nf4", "blocksize": 65, "dtype": "float32", "shape": [64]}`)), "blocksize is 65"},
		"unknown type":        {replace(blob, state(`{"quant_type": "nf4", "blocksize": 64, "dtype": "int8", "shape": [64]}`)), `dtype is "int8"`},
		"no shape":            {replace(blob, state(`{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": null}`)), "no shape"},
		"negative shape":      {replace(blob, state(`{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [-8, 64]}`)), "shape is [-8 64]"},
		"overflowing shape":   {replace(blob, state(`{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [4294967296, 4294967296]}`)), "shape is"},
		"half a nested state": {replace(blob, state(`{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [8, 64], "nested_offset": 1.0}`)), "must stand together"},
		"another shape":       {replace(blob, state(`{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [16, 64]}`)), "tensor w.weight: U8 [256 1] holds 256 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := qlora.Read(stored(t, w, c.change), "w.weight")
			require.ErrorContains(t, err, c.want)
		})
	}
}

// Every element lies within half the widest gap between levels of what it was, and the block's largest magnitude and zeros
// come back exactly.
func TestDequantizedElementsAreNearTheirOriginals(t *testing.T) {
	torchtest.Need(t)
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 700).Draw(r, "elements")
		block := rapid.SampledFrom([]int{32, 64, 128, 256}).Draw(r, "block size")
		x := rapid.SliceOfN(rapid.Float32Range(-1e6, 1e6), n, n).Draw(r, "x")
		s := torch.NewScope("test")
		defer s.Close()
		w, err := qlora.Quantize("w", torch.FromSlice(s, x, n), qlora.Options{BlockSize: block})
		require.NoError(r, err)
		defer w.Free()
		y, err := w.Dequantize(s, torch.Float32)
		require.NoError(r, err)
		got := y.Floats()
		for from := 0; from < n; from += block {
			to := min(n, from+block)
			var largest float64
			for _, v := range x[from:to] {
				largest = max(largest, math.Abs(float64(v)))
			}
			for i := from; i < to; i++ {
				require.InDelta(r, x[i], got[i], largest*(1-0.6961928)/2*1.000001, "element %d", i)
				if x[i] == 0 || float64(x[i]) == largest || float64(x[i]) == -largest && largest > 1e-37 {
					require.Equal(r, x[i]+0, got[i]+0, "element %d", i)
				}
			}
		}
	})
}
