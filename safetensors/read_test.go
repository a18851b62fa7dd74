package safetensors_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/safetensors"
)

// golden reads a JSON file that testdata/make.py wrote.
func golden[T any](t testing.TB, name string) (v T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &v))
	return v
}

// tensorGolden is what Python says of one tensor.
type tensorGolden struct {
	Shape []int64
	Hex   string
}

func (g tensorGolden) bytes(t testing.TB) []byte {
	t.Helper()
	b, err := hex.DecodeString(g.Hex)
	require.NoError(t, err)
	return b
}

func open(t testing.TB, path string) *safetensors.Weights {
	t.Helper()
	w, err := safetensors.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return w
}

func TestEveryTypeReadsAsPythonWroteIt(t *testing.T) {
	want := golden[map[string]tensorGolden](t, "bytes.json")
	for _, path := range []string{"testdata/dtypes.safetensors", "testdata/sharded", "testdata/sharded/model.safetensors.index.json"} {
		t.Run(path, func(t *testing.T) {
			w := open(t, path)
			require.Equal(t, map[string]string{"format": "pt"}, w.Metadata())
			require.GreaterOrEqual(t, len(w.Tensors()), len(want)-1) // the shards leave out one name
			for _, tensor := range w.Tensors() {
				g, known := want[tensor.Name]
				require.True(t, known, tensor.Name)
				require.Equal(t, g.Shape, tensor.Shape, tensor.Name)
				read, err := tensor.Read()
				require.NoError(t, err)
				require.Equal(t, g.bytes(t), read, tensor.Name)
				mapped, err := tensor.Mapped()
				require.NoError(t, err)
				require.Equal(t, g.bytes(t), append([]byte{}, mapped...), tensor.Name)
				streamed, err := io.ReadAll(tensor.Reader())
				require.NoError(t, err)
				require.Equal(t, g.bytes(t), streamed, tensor.Name)
				require.Same(t, tensor, w.Tensor(tensor.Name))
			}
		})
	}
}

func TestRangesOfATensorStayInsideIt(t *testing.T) {
	w := open(t, "testdata/dtypes.safetensors")
	scale := w.Tensor("scale")
	all := golden[map[string]tensorGolden](t, "bytes.json")["scale"].bytes(t)

	row := make([]byte, 8)
	n, err := scale.ReadAt(row, 8)
	require.NoError(t, err)
	require.Equal(t, all[8:], row[:n])

	n, err = scale.ReadAt(row, 12)
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, all[12:], row[:n])

	_, err = scale.ReadAt(row, 16)
	require.ErrorIs(t, err, io.EOF)
	_, err = scale.ReadAt(row, -1)
	require.ErrorContains(t, err, "tensor scale: reading at the negative offset -1")
	require.Nil(t, w.Tensor("scal"))
}

func TestManyGoroutinesReadAndMapAtOnce(t *testing.T) {
	want := golden[map[string]tensorGolden](t, "bytes.json")
	w := open(t, "testdata/sharded")
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for _, tensor := range w.Tensors() {
				read, err := tensor.Read()
				mapped, mapErr := tensor.Mapped()
				if err != nil || mapErr != nil || hex.EncodeToString(read) != want[tensor.Name].Hex || !bytes.Equal(read, mapped) {
					t.Errorf("%s: %v %v", tensor.Name, err, mapErr)
				}
			}
		})
	}
	group.Wait()
}

// The one place where we are stricter than the reference reader.
const refusedByUsAlone = "name twice"

func TestFaultyFilesAreRefusedWherePythonRefusesThem(t *testing.T) {
	cases := golden[[]struct {
		Name   string
		File   string
		Python []string
		Error  string
	}](t, "faulty.json")
	reasons := map[string]string{
		"trailing bytes":               "bytes 76..80 at the end belong to no tensor",
		"hole":                         "tensor y: bytes 140..144 before it belong to no tensor",
		"overlap":                      "tensor y: bytes 140..144 overlap those of tensor x",
		"size differs from shape":      "tensor x: data_offsets 0..8 hold 8 bytes, but shape [3] of F32 takes 12",
		"file cut":                     "tensor x: bytes 72..84 lie past the end of the file (80): the download is incomplete",
		"offset with a fraction":       "tensor x: data_offsets: 4.0 is not a whole number",
		"shape overflows":              "tensor x: shape [1099511627776 1099511627776] of F32 is too large to count its bytes",
		"half a byte":                  "tensor x: shape [1] of F4 does not end at a whole byte",
		"dtype unknown":                `tensor x: unknown element type "Q4"`,
		"shape missing":                "tensor x: shape is missing",
		"name twice":                   "tensor x: the name stands in the header twice",
		"metadata number":              "__metadata__ may only hold strings",
		"header longer than the file":  "the header of 1000 bytes lies past the end of the file (76): the download is incomplete",
		"header is a list":             "an object is expected, not [",
		"header cut":                   "tensor x: unexpected EOF",
		"text after the header":        "something follows the closing brace",
		"nothing":                      "0 bytes are too few for a safetensors file",
		"pointer of Git LFS":           "git lfs pull",
		"header length of 2^63":        "this is not a safetensors file",
		"offset at the end of 63 bits": "shape [9223372036854775807] of U8 is too large",
		"shape overflows, then 0":      "is too large to count its bytes",
		"header not UTF-8":             "it is not UTF-8",
		"metadata twice":               "twice",
		"offsets turned around":        "tensor x: data_offsets 4..0",
		"three offsets":                "data_offsets must be two numbers, not [0,4,4]",
		"entry is a list":              "tensor x: an object is expected, not [",
		"offset beyond 64 bits":        "99999999999999999999 is not a whole number of the allowed range",
		"metadata value null":          `"a" is null`,
		"header length of 100,000,001": "at most 100000000 are allowed",
		"dtype twice":                  "tensor x: dtype is given twice",
		"hole at the beginning":        "before it belong to no tensor",
		"shared bytes":                 "overlap those of tensor x",
		"entry is null":                "tensor x: an object is expected",
		"shape is null":                "an array of whole numbers is expected, not null",
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			content, err := base64.StdEncoding.DecodeString(c.File)
			require.NoError(t, err)
			w, err := safetensors.OpenReaderAt("faulty.safetensors", bytes.NewReader(content), int64(len(content)))
			if c.Python == nil || c.Name == refusedByUsAlone {
				var format *safetensors.FormatError
				require.ErrorAs(t, err, &format, "Python says: %s", c.Error)
				require.Equal(t, "faulty.safetensors", format.File)
				require.ErrorContains(t, err, reasons[c.Name])
				delete(reasons, c.Name)
				return
			}
			require.NoError(t, err)
			names := []string{}
			for _, tensor := range w.Tensors() {
				names = append(names, tensor.Name)
				_, err := tensor.Read()
				require.NoError(t, err)
			}
			slices.Sort(names)
			require.Equal(t, c.Python, names)
		})
	}
	require.Empty(t, reasons, "reasons whose case is gone")
}

func TestAnErrorNamesFileTensorAndReasonAndCountsTheRest(t *testing.T) {
	whole, err := os.ReadFile("testdata/dtypes.safetensors")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "model.safetensors")
	require.NoError(t, os.WriteFile(path, whole[:len(whole)-20], 0o666))
	_, err = safetensors.Open(path)
	var format *safetensors.FormatError
	require.ErrorAs(t, err, &format)
	require.Greater(t, len(format.Faults), 1)
	require.Regexp(t, `^.*model\.safetensors: tensor \S+: bytes \d+\.\.\d+ lie past the end of the file \(\d+\): the download is incomplete \(and \d+ more such faults\)$`, err.Error())
}

// copyGolden copies the files of a golden directory to a new one.
func copyGolden(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	require.NoError(t, os.CopyFS(to, os.DirFS(filepath.Join("testdata", dir))))
	return to
}

func TestADirectoryIsReadAsTransformersDoes(t *testing.T) {
	const single = "testdata/dtypes.safetensors"
	put := func(t *testing.T, dir string, names ...string) {
		t.Helper()
		content, err := os.ReadFile(single)
		require.NoError(t, err)
		for _, name := range names {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o666))
		}
	}
	files := func(t *testing.T, dir string) []string {
		t.Helper()
		w := open(t, dir)
		names := []string{}
		for _, path := range w.Files() {
			names = append(names, filepath.Base(path))
		}
		return names
	}
	t.Run("any name will do when it is the only one", func(t *testing.T) {
		dir := t.TempDir()
		put(t, dir, "weights.safetensors")
		require.Equal(t, []string{"weights.safetensors"}, files(t, dir))
	})
	t.Run("an index of any name, over files of any name", func(t *testing.T) {
		dir := copyGolden(t, "sharded")
		old, index := filepath.Join(dir, "model.safetensors.index.json"), filepath.Join(dir, "x.safetensors.index.json")
		text, err := os.ReadFile(old)
		require.NoError(t, err)
		require.NoError(t, os.Remove(old))
		require.NoError(t, os.Rename(filepath.Join(dir, "model-00002-of-00003.safetensors"), filepath.Join(dir, "b")))
		text = bytes.ReplaceAll(text, []byte("model-00002-of-00003.safetensors"), []byte("b"))
		require.NoError(t, os.WriteFile(index, text, 0o666))
		require.Equal(t, []string{"b", "model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors"}, files(t, dir))
	})
	t.Run("model.safetensors comes before an index", func(t *testing.T) {
		dir := copyGolden(t, "sharded")
		put(t, dir, "model.safetensors")
		require.Equal(t, []string{"model.safetensors"}, files(t, dir))
	})
	t.Run("an adapter beside other files", func(t *testing.T) {
		dir := t.TempDir()
		put(t, dir, "adapter_model.safetensors", "other.safetensors")
		require.Equal(t, []string{"adapter_model.safetensors"}, files(t, dir))
	})
	t.Run("shards without an index are no model", func(t *testing.T) {
		dir := copyGolden(t, "sharded")
		require.NoError(t, os.Remove(filepath.Join(dir, "model.safetensors.index.json")))
		_, err := safetensors.Open(dir)
		require.ErrorContains(t, err, "several .safetensors files and no index")
	})
	t.Run("nothing there", func(t *testing.T) {
		_, err := safetensors.Open(t.TempDir())
		require.ErrorContains(t, err, "no .safetensors file is there")
		_, err = safetensors.Open(filepath.Join(t.TempDir(), "none"))
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

func TestAFaultOfAnIndexIsNamed(t *testing.T) {
	dir := copyGolden(t, "sharded")
	index := filepath.Join(dir, "model.safetensors.index.json")
	text, err := os.ReadFile(index)
	require.NoError(t, err)
	change := func(t *testing.T, old, new string) error {
		t.Helper()
		require.Contains(t, string(text), old)
		require.NoError(t, os.WriteFile(index, []byte(strings.Replace(string(text), old, new, 1)), 0o666))
		_, err := safetensors.Open(dir)
		return err
	}
	require.ErrorContains(t, change(t, `"codes"`, `"kodes"`), "tensor kodes: the index (model.safetensors.index.json) says that it is in this file, but it is not")
	require.ErrorContains(t, change(t, "model-00001-of-00003.safetensors", "gone.safetensors"), "names gone.safetensors, which is not there: the download is incomplete")
	require.ErrorContains(t, change(t, "model-00001-of-00003.safetensors", "../x.safetensors"), `"../x.safetensors" is not the name of a file beside the index`)
	require.ErrorContains(t, change(t, "weight_map", "weight_mop"), "weight_map is missing or empty")
	require.ErrorContains(t, change(t, "{", "["), "model.safetensors.index.json: ")
}

// lyingFile answers with an error where the data begin.
type lyingFile struct{ *bytes.Reader }

var errDisk = errors.New("the disk is broken")

func (f lyingFile) ReadAt(p []byte, off int64) (int, error) {
	if off > 1000 {
		return 0, errDisk
	}
	return f.Reader.ReadAt(p, off)
}

func TestAReadErrorNamesFileAndTensor(t *testing.T) {
	content, err := os.ReadFile("testdata/dtypes.safetensors")
	require.NoError(t, err)
	w, err := safetensors.OpenReaderAt("disk", lyingFile{bytes.NewReader(content)}, int64(len(content)))
	require.NoError(t, err) // the header begins before
	last := w.Tensors()[len(w.Tensors())-1]
	_, err = last.Read()
	require.ErrorIs(t, err, errDisk)
	require.ErrorContains(t, err, fmt.Sprintf("disk: tensor %s: ", last.Name))
	_, err = last.Mapped()
	require.ErrorIs(t, err, errDisk)
}
