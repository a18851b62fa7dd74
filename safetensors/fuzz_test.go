package safetensors_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/safetensors"
)

// FuzzHeader: no file makes the reader panic; what it takes fills the file
// exactly, every tensor can be read, and written again it holds the same.
func FuzzHeader(f *testing.F) {
	for _, c := range golden[[]struct{ File string }](f, "faulty.json") {
		content, err := base64.StdEncoding.DecodeString(c.File)
		require.NoError(f, err)
		f.Add(content)
	}
	for _, path := range []string{"testdata/dtypes.safetensors", "testdata/sharded/model-00002-of-00003.safetensors"} {
		content, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		w, err := safetensors.OpenReaderAt("x", bytes.NewReader(content), int64(len(content)))
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		at := int64(len(content)) - w.Bytes()
		for _, tensor := range w.Tensors() {
			require.Equal(t, at, tensor.Offset)
			at += tensor.Bytes()
		}
		path := filepath.Join(t.TempDir(), "again")
		out, err := safetensors.Create(path, specs(w), w.Metadata())
		if err != nil {
			return // readers take names that a writer must not write
		}
		fill(t, out, w)
		require.NoError(t, out.Commit())
		again := open(t, path)
		require.Equal(t, w.Metadata(), again.Metadata())
		require.Equal(t, len(w.Tensors()), len(again.Tensors()))
		for i, tensor := range w.Tensors() {
			require.Equal(t, tensor.Name, again.Tensors()[i].Name)
			a, err := tensor.Read()
			require.NoError(t, err)
			b, err := again.Tensors()[i].Read()
			require.NoError(t, err)
			require.Equal(t, a, b)
		}
	})
}
