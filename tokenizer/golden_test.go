package tokenizer

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// golden is testdata/golden.json.gz, which testdata/golden.py makes with the Python library.
type golden struct {
	Files map[string]string
	Cases []goldenCase
	// Decodes are texts of random ids, which no text gives.
	Decodes []goldenCase
	Limits  []goldenLimit
}

type goldenCase struct {
	T, Text          string
	IDs              []int32
	Tokens           []string
	Offsets          []int
	Words            []int32
	Decoded, Skipped *string // nil where the library panics
}

type goldenLimit struct {
	goldenEncoding
	T, Text string
	Pair    *string
	Special bool
	Limit   []any
	Padding *struct {
		Direction  string
		Length     int
		MultipleOf int    `json:"pad_to_multiple_of"`
		ID         int32  `json:"pad_id"`
		TypeID     int32  `json:"pad_type_id"`
		Token      string `json:"pad_token"`
	}
	Error    bool
	Overflow []goldenEncoding
}

type goldenEncoding struct {
	IDs, Types, Words []int32
	Tokens            []string
	Offsets           []int
	SpecialMask       []int32 `json:"special_mask"`
	Attention         []int32
}

var readGolden = sync.OnceValues(func() (*golden, error) {
	file, err := os.Open(filepath.Join("testdata", "golden.json.gz"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	g := &golden{}
	return g, json.NewDecoder(unzipped).Decode(g)
})

func loadGolden(t testing.TB) (*golden, map[string]*Tokenizer) {
	t.Helper()
	g, err := readGolden()
	require.NoError(t, err)
	require.Greater(t, len(g.Files), 100)
	tokenizers := make(map[string]*Tokenizer, len(g.Files))
	for name, file := range g.Files {
		tok, err := FromJSON([]byte(file))
		require.NoError(t, err, name)
		tokenizers[name] = tok
	}
	return g, tokenizers
}

func flat(offsets [][2]int) []int {
	out := make([]int, 0, 2*len(offsets))
	for _, o := range offsets {
		out = append(out, o[0], o[1])
	}
	return out
}

// difference compares what the tokenizer makes of a text with a case and describes what is wrong, "" for nothing.
func (c *goldenCase) difference(tok *Tokenizer) string {
	e, err := tok.Encode(c.Text, EncodeOptions{})
	if err != nil {
		return err.Error()
	}
	ids, err := tok.EncodeIDs(c.Text, EncodeOptions{})
	switch {
	case err != nil:
		return err.Error()
	case !slices.Equal(e.IDs, c.IDs):
		return fmt.Sprintf("ids\n got %v\nwant %v", e.IDs, c.IDs)
	case !slices.Equal(ids, c.IDs):
		return fmt.Sprintf("ids of AppendIDs\n got %v\nwant %v", ids, c.IDs)
	case !slices.Equal(e.Tokens, c.Tokens):
		return fmt.Sprintf("tokens\n got %q\nwant %q", e.Tokens, c.Tokens)
	case !slices.Equal(flat(e.Offsets), c.Offsets):
		return fmt.Sprintf("offsets\n got %v\nwant %v", flat(e.Offsets), c.Offsets)
	case !slices.Equal(e.Words, c.Words):
		return fmt.Sprintf("words\n got %v\nwant %v", e.Words, c.Words)
	case c.Decoded != nil && tok.Decode(c.IDs, false) != *c.Decoded:
		return fmt.Sprintf("decoded\n got %q\nwant %q", tok.Decode(c.IDs, false), *c.Decoded)
	case c.Skipped != nil && tok.Decode(c.IDs, true) != *c.Skipped:
		return fmt.Sprintf("decoded without special tokens\n got %q\nwant %q", tok.Decode(c.IDs, true), *c.Skipped)
	}
	return ""
}

func TestEncodingsAndTextsAreThoseOfThePythonLibrary(t *testing.T) {
	g, tokenizers := loadGolden(t)
	require.Greater(t, len(g.Cases), 10000)
	wrong := map[string]int{}
	for _, c := range g.Cases {
		if d := c.difference(tokenizers[c.T]); d != "" {
			if wrong[c.T]++; wrong[c.T] <= 3 {
				t.Errorf("%s: %q: %s", c.T, c.Text, d)
			}
		}
	}
}

func TestRandomIDsDecodeAsInThePythonLibrary(t *testing.T) {
	g, tokenizers := loadGolden(t)
	require.Greater(t, len(g.Decodes), 1000)
	for _, c := range g.Decodes {
		require.Equal(t, *c.Decoded, tokenizers[c.T].Decode(c.IDs, false), "%s: %v", c.T, c.IDs)
		require.Equal(t, *c.Skipped, tokenizers[c.T].Decode(c.IDs, true), "%s: %v", c.T, c.IDs)
	}
}

func TestPairsTruncationAndPaddingAreThoseOfThePythonLibrary(t *testing.T) {
	g, tokenizers := loadGolden(t)
	require.Greater(t, len(g.Limits), 500)
	same := func(e *Encoding, want *goldenEncoding) string {
		switch {
		case !slices.Equal(e.IDs, want.IDs):
			return fmt.Sprintf("ids\n got %v\nwant %v", e.IDs, want.IDs)
		case !slices.Equal(e.TypeIDs, want.Types):
			return fmt.Sprintf("types\n got %v\nwant %v", e.TypeIDs, want.Types)
		case !slices.Equal(e.Tokens, want.Tokens):
			return fmt.Sprintf("tokens\n got %q\nwant %q", e.Tokens, want.Tokens)
		case !slices.Equal(flat(e.Offsets), want.Offsets):
			return fmt.Sprintf("offsets\n got %v\nwant %v", flat(e.Offsets), want.Offsets)
		case !slices.Equal(e.Words, want.Words):
			return fmt.Sprintf("words\n got %v\nwant %v", e.Words, want.Words)
		case !slices.Equal(e.SpecialTokensMask, want.SpecialMask):
			return fmt.Sprintf("special mask\n got %v\nwant %v", e.SpecialTokensMask, want.SpecialMask)
		case !slices.Equal(e.AttentionMask, want.Attention):
			return fmt.Sprintf("attention mask\n got %v\nwant %v", e.AttentionMask, want.Attention)
		}
		return ""
	}
	failures := 0
	for _, c := range g.Limits {
		tok, err := tokenizers[c.T].WithTruncation(nil)
		require.NoError(t, err)
		if c.Limit != nil {
			tok, err = tok.WithTruncation(&Truncation{
				MaxLength: int(c.Limit[0].(float64)), Stride: int(c.Limit[1].(float64)), Strategy: c.Limit[2].(string), Direction: c.Limit[3].(string),
			})
			require.NoError(t, err)
		}
		if p := c.Padding; p != nil {
			padding := &Padding{Direction: p.Direction, Length: p.Length, MultipleOf: p.MultipleOf, ID: p.ID, TypeID: p.TypeID, Token: p.Token}
			if padding.Token == "" {
				padding.Token = "[PAD]"
			}
			tok, err = tok.WithPadding(padding)
			require.NoError(t, err)
		}
		opts := EncodeOptions{WithoutSpecialTokens: !c.Special}
		var e Encoding
		if c.Pair == nil {
			e, err = tok.Encode(c.Text, opts)
		} else {
			e, err = tok.EncodePair(c.Text, *c.Pair, opts)
		}
		if c.Error {
			require.Error(t, err, "%s %q %v", c.T, c.Text, c.Limit)
			continue
		}
		require.NoError(t, err, "%s %q %v", c.T, c.Text, c.Limit)
		d := same(&e, &c.goldenEncoding)
		if d == "" && len(e.Overflowing) != len(c.Overflow) {
			d = fmt.Sprintf("%d windows of overflow and not %d", len(e.Overflowing), len(c.Overflow))
		}
		for i := 0; d == "" && i < len(c.Overflow); i++ {
			d = same(&e.Overflowing[i], &c.Overflow[i])
		}
		if d != "" {
			if failures++; failures <= 8 {
				t.Errorf("%s: %q, %v, special %v, limit %v, padding %v: %s", c.T, c.Text, c.Pair, c.Special, c.Limit, c.Padding, d)
			}
		}
	}
}

// TestLargeCorpusEqualsPython compares with the files that testdata/compare.py writes, in the folder AJOLOTE_TOKENIZER_CORPUS:
// for each tokenizer NAME.json the lines NAME.jsonl, one case each.
func TestLargeCorpusEqualsPython(t *testing.T) {
	folder := os.Getenv("AJOLOTE_TOKENIZER_CORPUS")
	if folder == "" {
		t.Skip("AJOLOTE_TOKENIZER_CORPUS names no folder made by testdata/compare.py")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := file[:len(file)-len(".jsonl")]
		t.Run(filepath.Base(name), func(t *testing.T) {
			source := name + ".json"
			if _, err := os.Stat(source); err != nil {
				source = name // a model directory
			}
			tok, err := Load(source)
			require.NoError(t, err)
			lines, err := os.Open(file)
			require.NoError(t, err)
			defer lines.Close()
			reader := bufio.NewReaderSize(lines, 1<<20)
			count, wrong := 0, 0
			for {
				line, err := reader.ReadBytes('\n')
				if err == io.EOF {
					break
				}
				require.NoError(t, err)
				var c goldenCase
				require.NoError(t, json.Unmarshal(line, &c))
				count++
				if d := c.difference(tok); d != "" {
					if wrong++; wrong <= 5 {
						t.Errorf("%q: %s", c.Text, d)
					}
				}
			}
			t.Logf("%d texts, %d differences", count, wrong)
		})
	}
}

func TestByteOffsetsNameTheSameTextAsCharacterOffsets(t *testing.T) {
	g, tokenizers := loadGolden(t)
	for _, c := range g.Cases {
		e, err := tokenizers[c.T].Encode(c.Text, EncodeOptions{})
		require.NoError(t, err)
		starts := make([]int, 0, len(c.Text)+1)
		for i := range c.Text {
			starts = append(starts, i)
		}
		starts = append(starts, len(c.Text))
		for i, o := range e.Offsets {
			b := e.ByteOffsets[i]
			if o[1] >= len(starts) || b[1] > len(c.Text) || b[0] < len(c.Text) && !utf8.RuneStart(c.Text[b[0]]) {
				continue // places that upstream makes up for tokens that come from no text
			}
			if o[0] != o[1] && trims(tokenizers[c.T].postProcessor) == false {
				require.Equal(t, [2]int{starts[o[0]], starts[o[1]]}, b, "%s: %q: token %d", c.T, c.Text, i)
			}
		}
	}
}

// trims says whether a post-processor moves offsets by counts, which are of bytes in one case and of characters in the other.
func trims(p postProcessor) bool {
	switch p := p.(type) {
	case *byteLevel:
		return p.trim
	case *classified:
		return p.trim
	case postProcessors:
		return slices.ContainsFunc(p, trims)
	}
	return false
}
