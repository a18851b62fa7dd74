package safetensors_test

import (
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"

	"github.com/ajolote-ai/ajolote/safetensors"
)

// A file is written tensor by tensor and read by ranges.
func Example() {
	dir, err := os.MkdirTemp("", "weights")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.safetensors")

	w, err := safetensors.Create(path, []safetensors.Spec{
		{Name: "embedding", DType: safetensors.F32, Shape: []int64{3, 2}},
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Abort()
	out, err := w.Tensor("embedding")
	if err != nil {
		log.Fatal(err)
	}
	for row := range 3 {
		var b []byte
		for column := range 2 {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(row)+float32(column)/2))
		}
		if _, err := out.Write(b); err != nil {
			log.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		log.Fatal(err)
	}

	weights, err := safetensors.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer weights.Close()
	t := weights.Tensor("embedding")
	fmt.Println(t.Name, t.DType, t.Shape, t.Bytes(), "bytes", weights.Metadata())

	row := make([]byte, 8)
	if _, err := t.ReadAt(row, 2*8); err != nil {
		log.Fatal(err)
	}
	fmt.Println(math.Float32frombits(binary.LittleEndian.Uint32(row)), math.Float32frombits(binary.LittleEndian.Uint32(row[4:])))
	// Output:
	// embedding F32 [3 2] 24 bytes map[format:pt]
	// 2 2.5
}
