package safetensors_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ajolote-ai/ajolote/safetensors"
)

// specs are the declarations of open weights, in their order.
func specs(w *safetensors.Weights) (list []safetensors.Spec) {
	for _, t := range w.Tensors() {
		list = append(list, t.Spec)
	}
	return list
}

// fill writes all tensors of from into w, from several goroutines.
func fill(t testing.TB, w *safetensors.Writer, from *safetensors.Weights) {
	t.Helper()
	var group sync.WaitGroup
	for _, tensor := range from.Tensors() {
		group.Go(func() {
			data, err := tensor.Read()
			if err != nil {
				t.Error(err)
				return
			}
			out, err := w.Tensor(tensor.Name)
			if err != nil {
				t.Error(err)
				return
			}
			for part := range slices.Chunk(data, 3) {
				if _, err := out.Write(part); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// names lists the files of a directory.
func names(t testing.TB, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestAFileHasTheBytesThatPythonWrites(t *testing.T) {
	const golden = "testdata/dtypes.safetensors"
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	from := open(t, golden)

	path := filepath.Join(t.TempDir(), "copy.safetensors")
	order := specs(from)
	slices.Reverse(order)
	safetensors.SortAsPython(order)
	w, err := safetensors.Create(path, order, nil)
	require.NoError(t, err)
	fill(t, w, from)
	require.NoFileExists(t, path)
	require.NoError(t, w.Commit())
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, []string{"copy.safetensors"}, names(t, filepath.Dir(path)))
}

func TestShardsHaveTheBytesThatPythonWrites(t *testing.T) {
	from := open(t, "testdata/sharded")
	var order []safetensors.Spec
	for _, name := range golden[[]string](t, "order.json") {
		order = append(order, from.Tensor(name).Spec)
	}
	dir := t.TempDir()
	w, err := safetensors.CreateSharded(dir, order, safetensors.ShardOptions{MaxShardBytes: 40, SortAsPython: true, TotalParameters: 123})
	require.NoError(t, err)
	fill(t, w, from)
	require.NoError(t, w.Commit())
	require.Equal(t, names(t, "testdata/sharded"), names(t, dir))
	for _, name := range names(t, dir) {
		want, err := os.ReadFile(filepath.Join("testdata/sharded", name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), name)
	}
}

func TestTensorsGoToTheShardsThatHuggingFaceGivesThem(t *testing.T) {
	cases := golden[[]struct {
		Sizes []int64
		Limit int64
		Files []string
	}](t, "shards.json")
	for _, c := range cases {
		var order []safetensors.Spec
		for i, size := range c.Sizes {
			order = append(order, safetensors.Spec{Name: string(rune('a' + i)), DType: safetensors.U8, Shape: []int64{size}})
		}
		dir := t.TempDir()
		w, err := safetensors.CreateSharded(dir, order, safetensors.ShardOptions{MaxShardBytes: c.Limit})
		require.NoError(t, err)
		for _, spec := range order {
			require.NoError(t, w.Write(spec.Name, make([]byte, spec.Bytes())))
		}
		require.NoError(t, w.Commit())
		read := open(t, dir)
		for i, spec := range order {
			require.Equal(t, c.Files[i], filepath.Base(read.Tensor(spec.Name).File()), "%+v", c)
		}
	}
}

func TestNamesSortAsTransformersSortsThem(t *testing.T) {
	want := golden[[]string](t, "names.json")
	got := slices.Clone(want)
	slices.Sort(got)
	require.NotEqual(t, want, got)
	slices.SortFunc(got, safetensors.CompareNames)
	require.Equal(t, want, got)
}

func TestWhatIsWrittenIsReadInTheGivenOrder(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		all := []safetensors.DType{}
		for d := safetensors.Bool; d <= safetensors.U64; d++ {
			all = append(all, d)
		}
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zñ"\\.<\n0-9]{1,8}`), 1, 8, rapid.ID).Draw(rt, "names")
		var order []safetensors.Spec
		data := map[string][]byte{}
		for _, name := range names {
			spec := safetensors.Spec{Name: name, DType: rapid.SampledFrom(all).Draw(rt, "dtype")}
			spec.Shape = rapid.SliceOfN(rapid.Int64Range(0, 5), 0, 3).Draw(rt, "shape")
			if spec.Elements()*int64(spec.DType.Bits())%8 != 0 {
				spec.Shape = append(spec.Shape, 8)
			}
			order = append(order, spec)
			n := int(spec.Bytes())
			data[name] = rapid.SliceOfN(rapid.Byte(), n, n).Draw(rt, "bytes")
		}
		path := filepath.Join(dir, "x.safetensors")
		w, err := safetensors.Create(path, order, map[string]string{"note": "<ñ>"})
		require.NoError(rt, err)
		for _, name := range names {
			require.NoError(rt, w.Write(name, data[name]))
		}
		require.NoError(rt, w.Commit())
		read, err := safetensors.Open(path)
		require.NoError(rt, err)
		defer read.Close()
		require.Equal(rt, map[string]string{"note": "<ñ>"}, read.Metadata())
		require.Zero(rt, (read.Tensors()[0].Offset)%8)
		for i, tensor := range orderOf(read, names) {
			require.Equal(rt, order[i].DType, tensor.DType)
			require.Equal(rt, order[i].Bytes(), tensor.Bytes())
			got, err := tensor.Read()
			require.NoError(rt, err)
			require.Equal(rt, data[tensor.Name], got)
			if i > 0 {
				before := read.Tensor(names[i-1])
				require.Equal(rt, before.Offset+before.Bytes(), tensor.Offset)
			}
		}
	})
}

func orderOf(w *safetensors.Weights, names []string) (list []*safetensors.Tensor) {
	for _, name := range names {
		list = append(list, w.Tensor(name))
	}
	return list
}

var two = []safetensors.Spec{
	{Name: "a", DType: safetensors.F32, Shape: []int64{2}},
	{Name: "b", DType: safetensors.BF16, Shape: []int64{1, 3}},
}

func TestAnUnfinishedFileIsNeverSeen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	require.NoError(t, os.WriteFile(path, []byte("the old one"), 0o666))
	old := func() {
		t.Helper()
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "the old one", string(text))
		require.Equal(t, []string{"model.safetensors"}, names(t, dir))
	}

	w, err := safetensors.Create(path, two, nil)
	require.NoError(t, err)
	require.NoError(t, w.Write("b", make([]byte, 6)))
	require.ErrorContains(t, w.Commit(), "tensor a: only 0 of 8 bytes were written")
	old()
	require.ErrorContains(t, w.Commit(), "committed or aborted before")

	w, err = safetensors.Create(path, two, nil)
	require.NoError(t, err)
	require.NoError(t, w.Abort())
	require.NoError(t, w.Abort())
	old()
}

func TestLeftoversOfAKilledProgramAreOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	require.NoError(t, os.WriteFile(path+".partial", make([]byte, 5000), 0o666))
	w, err := safetensors.Create(path, two, nil)
	require.NoError(t, err)
	require.NoError(t, w.Write("a", make([]byte, 8)))
	require.NoError(t, w.Write("b", make([]byte, 6)))
	require.NoError(t, w.Commit())
	require.NoError(t, w.Abort())
	require.Len(t, open(t, path).Tensors(), 2)
}

func TestTwoWritersOfOneFileDoNotMix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	w, err := safetensors.Create(path, two, nil)
	require.NoError(t, err)
	_, err = safetensors.Create(path, two, nil)
	require.ErrorContains(t, err, "is being written by another program")
	require.NoError(t, w.Abort())
	w, err = safetensors.Create(path, two, nil)
	require.NoError(t, err)
	require.NoError(t, w.Abort())
}

func TestWrongBytesAreRefused(t *testing.T) {
	w, err := safetensors.Create(filepath.Join(t.TempDir(), "m.safetensors"), two, nil)
	require.NoError(t, err)
	defer w.Abort()
	require.ErrorContains(t, w.Write("a", make([]byte, 7)), "tensor a: 7 bytes are given, shape [2] of F32 takes 8")
	require.ErrorContains(t, w.Write("c", nil), "tensor c was not declared")
	out, err := w.Tensor("a")
	require.NoError(t, err)
	_, err = out.Write(make([]byte, 6))
	require.NoError(t, err)
	_, err = out.Write(make([]byte, 3))
	require.ErrorContains(t, err, "tensor a: 3 bytes after the first 6 are more than its 8 (shape [2] of F32)")
}

func TestImpossibleDeclarationsAreNamedAllAtOnce(t *testing.T) {
	_, err := safetensors.Create(filepath.Join(t.TempDir(), "m.safetensors"), []safetensors.Spec{
		{Name: "a", DType: safetensors.F4, Shape: []int64{3}},
		{Name: "a", DType: safetensors.F32},
		{Name: "neg", DType: safetensors.F32, Shape: []int64{-1}},
		{Name: "none"},
		{Name: "huge", DType: safetensors.U8, Shape: []int64{1 << 40, 1 << 40}},
		{DType: safetensors.U8},
		{Name: "__metadata__", DType: safetensors.U8},
	}, nil)
	for _, part := range []string{
		"tensor a: shape [3] of F4 does not end at a whole byte", "tensor a is declared twice", "tensor neg: shape [-1] has a negative dimension",
		"tensor none: no element type is given", "tensor huge: shape", "a tensor has no name", "__metadata__: the name is reserved",
	} {
		require.ErrorContains(t, err, part)
	}
	_, err = safetensors.CreateSharded(t.TempDir(), two, safetensors.ShardOptions{MaxShardBytes: -1})
	require.ErrorContains(t, err, "at most -1 bytes is impossible")
	_, err = safetensors.CreateSharded(filepath.Join(t.TempDir(), "none"), two, safetensors.ShardOptions{})
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestANewModelReplacesTheWholeOldOne(t *testing.T) {
	dir := t.TempDir()
	write := func(limit int64) []string {
		t.Helper()
		w, err := safetensors.CreateSharded(dir, two, safetensors.ShardOptions{MaxShardBytes: limit})
		require.NoError(t, err)
		require.NoError(t, w.Write("a", make([]byte, 8)))
		require.NoError(t, w.Write("b", make([]byte, 6)))
		require.NoError(t, w.Commit())
		require.Len(t, open(t, dir).Tensors(), 2)
		return names(t, dir)
	}
	others := []string{"adapter_model.safetensors", "config.json", "model-extra.safetensors"}
	for _, name := range others {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o666))
	}
	single := append(slices.Clone(others), "model.safetensors")
	sharded := append(slices.Clone(others), "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json")
	require.ElementsMatch(t, single, write(0))
	require.ElementsMatch(t, sharded, write(8))
	require.ElementsMatch(t, sharded, write(8))
	require.ElementsMatch(t, single, write(100))
}

// Set AJOLOTE_PEERS to a Python with safetensors and torch to run it.
func TestPythonReadsWhatWeWrite(t *testing.T) {
	python := os.Getenv("AJOLOTE_PEERS")
	if python == "" {
		t.Skip("AJOLOTE_PEERS is not set")
	}
	from := open(t, "testdata/dtypes.safetensors")
	dir := t.TempDir()
	// In name order tensors are not aligned: Python takes them all the same.
	order := specs(from)
	slices.SortFunc(order, func(a, b safetensors.Spec) int { return strings.Compare(a.Name, b.Name) })
	w, err := safetensors.CreateSharded(dir, order, safetensors.ShardOptions{MaxShardBytes: 30})
	require.NoError(t, err)
	fill(t, w, from)
	require.NoError(t, w.Commit())

	out, err := exec.Command(python, "testdata/read.py", dir).Output()
	require.NoError(t, err)
	var got map[string]tensorGolden
	require.NoError(t, json.Unmarshal(out, &got))
	require.Equal(t, golden[map[string]tensorGolden](t, "bytes.json"), got)
}
