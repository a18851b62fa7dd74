package tokenizer

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// transformersGolden is testdata/directories.json.gz, which testdata/directories.py makes with transformers 5.23.
type transformersGolden struct {
	Models   map[string][]byte
	Variants []struct {
		Name, Model string
		Files       map[string]string
		Cases       []struct {
			Text    string
			IDs     []int32
			Decoded string
		}
	}
}

func readTransformersGolden(t *testing.T) *transformersGolden {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "directories.json.gz"))
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	g := &transformersGolden{}
	require.NoError(t, json.NewDecoder(unzipped).Decode(g))
	require.Greater(t, len(g.Variants), 10)
	return g
}

func TestModelDirectoriesGiveTheIDsOfTransformers5(t *testing.T) {
	g := readTransformersGolden(t)
	for _, v := range g.Variants {
		t.Run(v.Name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, v.Model), g.Models[v.Model], 0o644))
			for name, text := range v.Files {
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
			}
			tok, err := LoadWith(dir, Settings{LikeTransformers5: true})
			require.NoError(t, err)
			for _, c := range v.Cases {
				ids, err := tok.EncodeIDs(c.Text, EncodeOptions{})
				require.NoError(t, err)
				require.Equal(t, c.IDs, append([]int32{}, ids...), "%q", c.Text)
				require.Equal(t, c.Decoded, tok.Decode(ids, false), "%q", c.Text)
			}
		})
	}
}

func TestLoadingSaysOnceThatTransformers5WouldGiveOtherIDs(t *testing.T) {
	g := readTransformersGolden(t)
	for _, v := range g.Variants {
		file, ok := v.Files["tokenizer.json"]
		if !ok {
			continue
		}
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(file), 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "tokenizer_config.json"), []byte(v.Files["tokenizer_config.json"]), 0o644))
		var said []string
		tok, err := LoadWith(dir, Settings{Warn: func(message string) { said = append(said, message) }})
		require.NoError(t, err)
		require.Len(t, said, 1, v.Name)
		require.Contains(t, said[0], "transformers 5")
		alone, err := FromJSON([]byte(file))
		require.NoError(t, err)
		for _, c := range v.Cases {
			want, err := alone.EncodeIDs(c.Text, EncodeOptions{})
			require.NoError(t, err)
			got, err := tok.EncodeIDs(c.Text, EncodeOptions{})
			require.NoError(t, err)
			require.Equal(t, want, got, "tokenizer.json is the law")
		}
	}
}

func TestADirectoryWithoutATokenizerNamesWhatItLacks(t *testing.T) {
	_, err := Load(t.TempDir())
	require.ErrorContains(t, err, "tokenizer.json")
	require.ErrorContains(t, err, "tokenizer.model")
}

func TestABrokenSentencePieceModelIsAnError(t *testing.T) {
	g := readTransformersGolden(t)
	whole := g.Models["tokenizer.model"]
	for _, data := range [][]byte{nil, []byte("not a model"), whole[:len(whole)/2+1], {0x0A, 0xFF}, {0x80}} {
		file := filepath.Join(t.TempDir(), "tokenizer.model")
		require.NoError(t, os.WriteFile(file, data, 0o644))
		_, err := Load(file)
		require.ErrorContains(t, err, "tokenizer.model", "%.20x", data)
	}
}
