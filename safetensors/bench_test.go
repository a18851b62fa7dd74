package safetensors_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/safetensors"
)

// benchSpecs are 256 MB in 64 tensors.
func benchSpecs() (list []safetensors.Spec) {
	for i := range 64 {
		list = append(list, safetensors.Spec{Name: fmt.Sprintf("model.layers.%d.weight", i), DType: safetensors.BF16, Shape: []int64{2048, 1024}})
	}
	return list
}

func writeBench(tb testing.TB, path string, data []byte) {
	tb.Helper()
	w, err := safetensors.Create(path, benchSpecs(), nil)
	require.NoError(tb, err)
	for _, spec := range benchSpecs() {
		require.NoError(tb, w.Write(spec.Name, data))
	}
	require.NoError(tb, w.Commit())
}

// BenchmarkReadRanges reads a file that the system has in memory, in bands of
// 1 MB, by one goroutine and by two.
func BenchmarkReadRanges(b *testing.B) {
	path := filepath.Join(b.TempDir(), "model.safetensors")
	writeBench(b, path, make([]byte, benchSpecs()[0].Bytes()))
	w := open(b, path)
	for _, readers := range []int{1, 2} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) {
			b.SetBytes(w.Bytes())
			for b.Loop() {
				var group sync.WaitGroup
				for r := range readers {
					group.Go(func() {
						band := make([]byte, 1<<20)
						for i, t := range w.Tensors() {
							for off := int64(0); i%readers == r && off < t.Bytes(); off += int64(len(band)) {
								if _, err := t.ReadAt(band, off); err != nil {
									b.Error(err)
								}
							}
						}
					})
				}
				group.Wait()
			}
		})
	}
}

// BenchmarkOpen opens a file with the header of a quantised 7B model: six
// tensors for each of 224 projections.
func BenchmarkOpen(b *testing.B) {
	var list []safetensors.Spec
	for i := range 224 {
		for _, part := range []string{"", ".absmax", ".nested_absmax", ".quant_map", ".nested_quant_map", ".quant_state.bitsandbytes__nf4"} {
			list = append(list, safetensors.Spec{Name: fmt.Sprintf("model.layers.%d.self_attn.q_proj.weight%s", i, part), DType: safetensors.U8, Shape: []int64{16}})
		}
	}
	path := filepath.Join(b.TempDir(), "model.safetensors")
	w, err := safetensors.Create(path, list, nil)
	require.NoError(b, err)
	for _, spec := range list {
		require.NoError(b, w.Write(spec.Name, make([]byte, 16)))
	}
	require.NoError(b, w.Commit())
	b.ReportAllocs()
	for b.Loop() {
		w, err := safetensors.Open(path)
		require.NoError(b, err)
		require.NoError(b, w.Close())
	}
}
