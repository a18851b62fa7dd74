package tokenizer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// kindsToTest are the tokenizers of every kind in the golden archive.
var kindsToTest = []string{"spm-bpe-v4", "spm-bpe-v5", "roberta", "llama3", "qwen2", "o200k", "bert-uncased", "bert-cased", "xlm-r", "word-level", "clip", "affixes"}

// anyText draws texts as the comparison with Python has them: words, runs, odd characters.
func anyText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.OneOf(
			rapid.String(),
			rapid.StringOfN(rapid.RuneFrom([]rune("abcdeiot àéñç▁ \n0123'.,")), 0, 40, -1),
			rapid.SampledFrom([]string{" ", "  ", "\n\n", "<s>", "</s>", "<|im_start|>", "<mask>", "👩‍👩‍👧", "e\u0301", "漢字", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}),
		), 0, 6).Draw(t, "parts")
		return strings.Join(parts, "")
	})
}

func TestStreamingGivesTheTextOfDecodingTheWhole(t *testing.T) {
	g, tokenizers := loadGolden(t)
	for _, c := range g.Cases {
		tok := tokenizers[c.T]
		for _, skip := range []bool{false, true} {
			stream := tok.Stream(skip)
			var text strings.Builder
			for _, id := range c.IDs {
				part := stream.Push(id)
				require.True(t, utf8.ValidString(part), "%s: %q: half a character", c.T, c.Text)
				text.WriteString(part)
			}
			text.WriteString(stream.Flush())
			require.Equal(t, tok.Decode(c.IDs, skip), text.String(), "%s: %q", c.T, c.Text)
		}
	}
}

func TestStreamingAnyIDsGivesTheTextOfDecodingTheWhole(t *testing.T) {
	_, tokenizers := loadGolden(t)
	for name, tok := range tokenizers {
		r := rand.New(rand.NewPCG(1, 2))
		for range 30 {
			ids := make([]int32, r.IntN(40))
			for i := range ids {
				ids[i] = int32(r.IntN(tok.VocabSize() + 3))
			}
			stream := tok.Stream(false)
			var text strings.Builder
			for _, id := range ids {
				text.WriteString(stream.Push(id))
			}
			text.WriteString(stream.Flush())
			require.Equal(t, tok.Decode(ids, false), text.String(), "%s: %v", name, ids)
		}
	}
}

func TestStreamHoldsBackABrokenCharacterOnly(t *testing.T) {
	_, tokenizers := loadGolden(t)
	tok := tokenizers["llama3"]
	ids, err := tok.EncodeIDs("a😀b", EncodeOptions{WithoutSpecialTokens: true})
	require.NoError(t, err)
	stream := tok.Stream(false)
	var parts []string
	for _, id := range ids {
		if part := stream.Push(id); part != "" {
			parts = append(parts, part)
		}
	}
	require.Equal(t, []string{"a", "😀", "b"}, parts)
	require.Empty(t, stream.Flush())
}

func TestABatchIsTheSingleEncodings(t *testing.T) {
	_, tokenizers := loadGolden(t)
	for _, name := range kindsToTest {
		tok := tokenizers[name]
		rapid.Check(t, func(rt *rapid.T) {
			texts := rapid.SliceOfN(anyText(), 0, 40).Draw(rt, "texts")
			batch, err := tok.EncodeBatch(texts, EncodeOptions{})
			require.NoError(rt, err)
			ids, err := tok.EncodeBatchIDs(texts, EncodeOptions{})
			require.NoError(rt, err)
			for i, text := range texts {
				one, err := tok.Encode(text, EncodeOptions{})
				require.NoError(rt, err)
				require.Equal(rt, one, batch[i])
				require.True(rt, slices.Equal(one.IDs, ids[i]), "%s: %q: %v and %v", name, text, one.IDs, ids[i])
			}
		})
	}
}

func TestOffsetsCoverTheTextInOrder(t *testing.T) {
	_, tokenizers := loadGolden(t)
	for _, name := range []string{"spm-bpe-v4", "spm-bpe-v5", "llama3", "o200k"} { // lossless, without trimming
		tok := tokenizers[name]
		rapid.Check(t, func(rt *rapid.T) {
			text := anyText().Draw(rt, "text")
			e, err := tok.Encode(text, EncodeOptions{WithoutSpecialTokens: true})
			require.NoError(rt, err)
			text = strings.ToValidUTF8(text, "\uFFFD")
			at := 0
			for i, o := range e.ByteOffsets {
				require.LessOrEqual(rt, o[0], at, "%s: a gap before token %d of %q", name, i, text)
				require.LessOrEqual(rt, o[0], o[1])
				at = max(at, o[1])
			}
			require.Equal(rt, len(text), at)
		})
	}
}

func TestDecodingWhatWasEncodedGivesTheText(t *testing.T) {
	_, tokenizers := loadGolden(t)
	for _, name := range []string{"spm-bpe-v4", "llama3", "o200k"} { // the kinds that lose nothing
		tok := tokenizers[name]
		rapid.Check(t, func(rt *rapid.T) {
			text := strings.ReplaceAll(anyText().Draw(rt, "text"), "▁", "")
			for _, token := range tok.AddedTokens() { // Llama 4 puts a space behind each
				text = strings.ReplaceAll(text, token.Content, "")
			}
			ids, err := tok.EncodeIDs(text, EncodeOptions{})
			require.NoError(rt, err)
			require.Equal(rt, text, tok.Decode(ids, true), name)
		})
	}
}

func TestManyGoroutinesGetTheSameIDs(t *testing.T) {
	g, tokenizers := loadGolden(t)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := worker; i < len(g.Cases); i += 24 {
				c := g.Cases[i]
				ids, err := tokenizers[c.T].EncodeIDs(c.Text, EncodeOptions{})
				if err != nil || !slices.Equal(ids, c.IDs) {
					t.Errorf("%s: %q: %v, %v", c.T, c.Text, ids, err)
				}
			}
		})
	}
	group.Wait()
}

func TestInvalidUTF8IsRepairedAsPythonDoes(t *testing.T) {
	// b.decode("utf-8", "replace") of Python 3.11
	for text, want := range map[string]string{
		"a\xffb": "a\uFFFDb", "\xe2\x82": "\uFFFD", "\xe2\x82a": "\uFFFDa", "\xf0\x9f\x98": "\uFFFD", "\xf0\x9f\x98\xf0": "\uFFFD\uFFFD",
		"\xc0\x80": "\uFFFD\uFFFD", "\xed\xa0\x80": "\uFFFD\uFFFD\uFFFD", "\xf5\x80": "\uFFFD\uFFFD", "\x80\x80": "\uFFFD\uFFFD", "\xe0\x9f\x80": "\uFFFD\uFFFD\uFFFD",
		"\xf4\x90\x80\x80": "\uFFFD\uFFFD\uFFFD\uFFFD", "ok": "ok", "\uFFFD": "\uFFFD", "\xc3\xa9\xc3": "é\uFFFD",
	} {
		require.Equal(t, want, string(repaired(nil, []byte(text))), "%x", text)
	}
	_, tokenizers := loadGolden(t)
	bad, err := tokenizers["llama3"].Encode("a\xffb é", EncodeOptions{})
	require.NoError(t, err)
	good, err := tokenizers["llama3"].Encode("a\uFFFDb é", EncodeOptions{})
	require.NoError(t, err)
	require.Equal(t, good, bad)
}
