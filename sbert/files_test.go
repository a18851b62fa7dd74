package sbert_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestRecordsAreTheSameWhateverTheFile(t *testing.T) {
	dir := t.TempDir()
	texts := []string{"energia solar", "", "amb \"cometes\", coma\ti tabulador"}
	jsonl, csv, tsv := "\ufeff", "text,n\n", "text\tn\n"
	type row struct {
		Text string `parquet:"text"`
		N    int64  `parquet:"n"`
	}
	var rows []row
	for i, text := range texts {
		jsonl += fmt.Sprintf("{\"text\": %q, \"n\": %d}\n\n", text, i)
		quoted := `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
		csv += fmt.Sprintf("%s,%d\n", quoted, i)
		tsv += fmt.Sprintf("%s\t%d\n", quoted, i)
		rows = append(rows, row{text, int64(i)})
	}
	var file bytes.Buffer
	require.NoError(t, parquet.Write(&file, rows))
	for name, content := range map[string]string{"a.jsonl": jsonl, "a.csv": csv, "a.tsv": tsv, "a.parquet": file.String()} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
		var got []string
		for r, err := range sbert.Records(path) {
			require.NoError(t, err, name)
			require.Equal(t, fmt.Sprint(len(got)), r["n"], name)
			got = append(got, r["text"])
		}
		require.Equal(t, texts, got, name)
	}
	for name, content := range map[string]string{"b.jsonl": "{\"text\": 1}\n[]\n", "b.parquet": "PAR1 nonsense PAR1", "b.xml": "<a/>", "b.csv": "a,b\n1\n"} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
		var last error
		for _, err := range sbert.Records(path) {
			last = err
		}
		require.ErrorContains(t, last, name)
	}
}

func TestSearchFindsWhatALookAtEveryRowFinds(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	r := rand.New(rand.NewPCG(1, 2))
	const rows, dims, k = 40000, 4, 7
	corpus := &sbert.Vectors{Rows: rows, Dimensions: dims, Data: make([]float32, rows*dims)}
	for i := range corpus.Data {
		corpus.Data[i] = float32(r.IntN(5) - 2) // whole numbers: many equal scores, exact sums
	}
	queries := &sbert.Vectors{Rows: 3, Dimensions: dims, Data: corpus.Data[40:52]}
	found, err := sbert.Search(queries, corpus, k)
	require.NoError(t, err)
	for i := range queries.Rows {
		type scored struct {
			score float32
			row   int
		}
		var all []scored
		for j := range rows {
			var dot float32
			for d, x := range queries.Row(i) {
				dot += x * corpus.Row(j)[d]
			}
			all = append(all, scored{dot, j})
		}
		slices.SortStableFunc(all, func(a, b scored) int { return int(b.score - a.score) })
		for rank, match := range found[i] {
			require.Equal(t, all[rank], scored{match.Score, match.Row})
		}
		require.Len(t, found[i], k)
	}
}

func TestAnIndexIsWhatWasSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	v := &sbert.Vectors{Rows: 2, Dimensions: 3, Data: []float32{1, 2, 3, 4, 5, 6}}
	require.NoError(t, v.Save(path))
	x, err := sbert.OpenIndex(path)
	require.NoError(t, err)
	require.Equal(t, *v, x.Vectors)
	require.NoError(t, x.Close())

	data, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, damaged := range [][]byte{data[:5], data[:60], data[:len(data)-1], append(slices.Clone(data), 0), bytes.Replace(data, []byte("<f4"), []byte("<f8"), 1)} {
		require.NoError(t, os.WriteFile(path, damaged, 0o644))
		_, err := sbert.OpenIndex(path)
		require.ErrorContains(t, err, "x.npy")
	}
}

func TestAFileIsEncodedInPiecesAndGoesOnWhereItWasBrokenOff(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	m := load(t, "testdata/model")
	dir := t.TempDir()
	words := strings.Fields("energia solar hidrogen verd recerca salut")
	var texts []string
	for i := range 20000 {
		texts = append(texts, words[i%6]+" "+words[i/6%6]+" "+words[i/36%6])
	}
	input := filepath.Join(dir, "in.txt")
	require.NoError(t, os.WriteFile(input, []byte(strings.Join(texts, "\n")), 0o644))
	want, err := m.Encode(context.Background(), texts, sbert.EncodeOptions{})
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(context.Background())
	output := filepath.Join(dir, "out.npy")
	_, err = m.EncodeFile(ctx, input, output, sbert.FileOptions{Done: func(int, int) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)
	require.NoFileExists(t, output)
	f, err := os.OpenFile(output+".partial", os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString("what a killed program had begun to write")
	require.NoError(t, errors.Join(err, f.Close()))

	from := -1
	n, err := m.EncodeFile(context.Background(), input, output, sbert.FileOptions{Done: func(_, earlier int) { from = earlier }})
	require.NoError(t, err)
	require.Equal(t, len(texts), n)
	require.Equal(t, 8192, from)
	x, err := sbert.OpenIndex(output)
	require.NoError(t, err)
	defer x.Close()
	require.Equal(t, want.Rows, x.Rows)
	torchtest.Close(t, want.Data, x.Data, 1e-5)
	left, err := filepath.Glob(output + ".partial*")
	require.NoError(t, err)
	require.Empty(t, left)

	for precision, bytes := range map[string]int64{"float16": 32, "int8": 16, "ubinary": 2} {
		small := filepath.Join(dir, precision+".npy")
		_, err := m.EncodeFile(context.Background(), input, small, sbert.FileOptions{Precision: precision})
		require.NoError(t, err)
		info, err := os.Stat(small)
		require.NoError(t, err)
		require.Equal(t, 128+bytes*20000, info.Size())
	}
	lines := filepath.Join(dir, "out.jsonl")
	_, err = m.EncodeFile(context.Background(), input, lines, sbert.FileOptions{})
	require.NoError(t, err)
	i := 0
	for r, err := range sbert.Records(lines) {
		require.NoError(t, err)
		require.Equal(t, texts[i], r["text"])
		i++
	}
	require.Equal(t, len(texts), i)
	tables := filepath.Join(dir, "out.parquet")
	_, err = m.EncodeFile(context.Background(), input, tables, sbert.FileOptions{})
	require.NoError(t, err)
	rows, err := parquet.ReadFile[struct {
		Text      string    `parquet:"text"`
		Embedding []float32 `parquet:"embedding,list"`
	}](tables)
	require.NoError(t, err)
	require.Len(t, rows, len(texts))
	for i, row := range rows {
		require.Equal(t, texts[i], row.Text)
		require.Equal(t, x.Row(i), row.Embedding)
	}
	left, err = filepath.Glob(filepath.Join(dir, "*.partial*"))
	require.NoError(t, err)
	require.Empty(t, left)
	_, err = m.EncodeFile(context.Background(), input, filepath.Join(dir, "out.bin"), sbert.FileOptions{})
	require.ErrorContains(t, err, ".npy")
	require.NotErrorIs(t, err, io.EOF)
}

// A corpus that does not fit the memory must not be in it: what is held does not grow with the texts.
func TestTheMemoryOfEncodingDoesNotGrowWithTheCorpus(t *testing.T) {
	torchtest.Need(t)
	m := load(t, "testdata/model")
	const texts = 200_000
	input := filepath.Join(t.TempDir(), "in.txt")
	f, err := os.Create(input)
	require.NoError(t, err)
	w := bufio.NewWriter(f)
	words := strings.Fields("energia solar hidrogen verd recerca salut")
	for i := range texts {
		fmt.Fprintln(w, words[i%6], words[i/6%6], words[i/36%6], words[i/216%6], i%7)
	}
	require.NoError(t, errors.Join(w.Flush(), f.Close()))
	tensors := torch.LiveTensors()
	var early, late uint64 // the largest heap in the first and in the last third
	_, err = m.EncodeFile(context.Background(), input, filepath.Join(t.TempDir(), "out.npy"), sbert.FileOptions{Done: func(done, _ int) {
		runtime.GC()
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		if done <= texts/3 {
			early = max(early, now.HeapAlloc)
		} else if done > 2*texts/3 {
			late = max(late, now.HeapAlloc)
		}
		require.Equal(t, tensors, torch.LiveTensors())
	}})
	require.NoError(t, err)
	require.Positive(t, early)
	require.Less(t, late, early+1<<20, "a third of the corpus is 2.8 MB of texts and 4.3 MB of vectors")
}
