package tokenizer

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// joinPlain is the definition: look for the lowest rank, the leftmost first, join, begin again.
func joinPlain(ids []int32, merges *mergeTable) []int32 {
	ids = slices.Clone(ids)
	for {
		best, at, union := noRank, -1, int32(-1)
		for i := range len(ids) - 1 {
			if rank, id := merges.find(ids[i], ids[i+1]); rank < best {
				best, at, union = rank, i, id
			}
		}
		if at < 0 {
			return ids
		}
		ids[at] = union
		ids = slices.Delete(ids, at+1, at+2)
	}
}

func TestHeapAndScanJoinInTheSameOrder(t *testing.T) {
	_, tokenizers := loadGolden(t)
	m := tokenizers["spm-bpe-v4"].model.(*bpe)
	letters := []byte("aaaeeionrst  lldcmu'.")
	rapid.Check(t, func(rt *rapid.T) {
		word := rapid.SliceOfN(rapid.SampledFrom(letters), 1, 300).Draw(rt, "word")
		var short, long mergeSpace
		require.NoError(rt, m.symbols(&short, word))
		want := joinPlain(short.ids, m.merges)
		require.NoError(rt, m.symbols(&long, word))
		for _, s := range []*mergeSpace{&short, &long} {
			s.ranks, s.unions = nil, nil
			for i := range len(s.ids) - 1 {
				rank, union := m.merges.find(s.ids[i], s.ids[i+1])
				s.ranks, s.unions = append(s.ranks, rank), append(s.unions, union)
			}
			s.ranks, s.unions = append(s.ranks, noRank), append(s.unions, -1)
		}
		short.joinShort(m.merges)
		long.joinLong(m.merges)
		require.Equal(rt, want, short.ids)
		require.Equal(rt, want, long.ids)
		require.Equal(rt, short.lengths, long.lengths)
	})
}

func TestCutsDoNotChangeTheIDs(t *testing.T) {
	_, tokenizers := loadGolden(t)
	for _, name := range []string{"spm-bpe-v4", "spm-bpe-v5", "qwen2", "o200k", "lowered v4", "model bpe-fuse whole", "model bpe-fallback whole"} {
		m := tokenizers[name].model.(*bpe)
		require.NotNil(t, m.cuts, name)
		rapid.Check(t, func(rt *rapid.T) {
			text := []byte(strings.ToValidUTF8(anyText().Draw(rt, "text"), ""))
			if len(text) == 0 {
				return
			}
			w := &worker{}
			got, err := m.appendIDs(w, nil, text)
			require.NoError(rt, err)
			whole := *m
			whole.cuts = nil
			want, err := whole.appendIDs(&worker{}, nil, text)
			require.NoError(rt, err)
			require.Equal(rt, want, got, "%s: %q", name, text)
			again, err := m.appendIDs(w, nil, text) // from the cache
			require.NoError(rt, err)
			require.Equal(rt, want, again)
		})
	}
}

func TestAWholeWordIsLookedUpAndItsPartsAreNot(t *testing.T) {
	// "ab" is a token that no merge makes: only a word that is "ab" becomes it.
	file := `{"version":"1.0","pre_tokenizer":{"type":"WhitespaceSplit"},"model":{"type":"BPE","unk_token":"<unk>","ignore_merges":true,
		"vocab":{"<unk>":0,"a":1,"b":2,"c":3,"ab":4},"merges":[]}}`
	tok, err := FromJSON([]byte(file))
	require.NoError(t, err)
	for range 2 { // the second time from the cache
		for text, want := range map[string][]int32{"ab": {4}, "abc": {1, 2, 3}, "cab": {3, 1, 2}, "ab abab": {4, 1, 2, 1, 2}} {
			ids, err := tok.EncodeIDs(text, EncodeOptions{})
			require.NoError(t, err)
			require.Equal(t, want, ids, text)
		}
	}
}

func TestALineWithoutWordBreaksIsEncodedByTheDefinition(t *testing.T) {
	_, tokenizers := loadGolden(t)
	tok := tokenizers["spm-bpe-v4"]
	m := tok.model.(*bpe)
	for _, text := range []string{strings.Repeat("a", 3000), strings.Repeat("ab", 1500), strings.Repeat("laenserionta", 200), strings.Repeat(" ", 2000)} {
		ids, err := tok.EncodeIDs(text, EncodeOptions{WithoutSpecialTokens: true})
		require.NoError(t, err)
		var s mergeSpace
		require.NoError(t, m.symbols(&s, []byte(" "+text)))
		require.Equal(t, joinPlain(s.ids, m.merges), ids)
	}
	long, err := tok.EncodeIDs(strings.Repeat("laenserionta", 100_000), EncodeOptions{}) // 1.2 MB: n² would not come back
	require.NoError(t, err)
	require.NotEmpty(t, long)
}

func TestTheCacheForgetsAndStaysRight(t *testing.T) {
	var c wordCache
	r := rand.New(rand.NewPCG(3, 4))
	words := make([][]byte, 300_000)
	ids := func(word []byte) []int32 {
		sum := int32(0)
		for _, b := range word {
			sum = sum*31 + int32(b)
		}
		return slices.Repeat([]int32{sum & 0xFFFFF}, 1+len(word)%7)
	}
	for i := range words {
		words[i] = make([]byte, 1+r.IntN(24))
		for j := range words[i] {
			words[i][j] = byte('a' + r.IntN(26))
		}
		c.put(words[i], ids(words[i]))
	}
	found := 0
	for _, word := range words {
		if got, ok := c.get(nil, word); ok {
			found++
			require.Equal(t, ids(word), got, "%q", word)
		}
	}
	require.Greater(t, found, 20_000)
	require.LessOrEqual(t, len(c.long), maxLongWords)
	require.Len(t, c.slots, 1<<cacheBits)
}

func TestKeysOfShortWordsDiffer(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a := rapid.SliceOfN(rapid.Byte(), 1, maxShort).Draw(rt, "a")
		b := rapid.SliceOfN(rapid.Byte(), 1, maxShort).Draw(rt, "b")
		aLow, aHigh := key(a)
		bLow, bHigh := key(b)
		require.Equal(rt, bytes.Equal(a, b), aLow == bLow && aHigh == bHigh)
	})
}
