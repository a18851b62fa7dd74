package tokenizer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// benchText is some Catalan, Spanish and English, as much as a page.
var benchText = strings.Repeat(`Els resultats s'han publicat en col·laboració amb l'Institut d'Estudis Catalans (2021-2024). `+
	`El coste total fue de 1.234.567,89 € y se dividió entre 12 socios; ¿cuánto pagó cada uno? `+
	`She said: "We don't know yet, but they're going to publish it." It isn't long. `, 10)

func BenchmarkAppendIDs(b *testing.B) {
	_, tokenizers := loadGolden(b)
	for _, name := range kindsToTest {
		tok := tokenizers[name]
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(benchText)))
			b.ReportAllocs()
			var ids []int32
			for b.Loop() {
				var err error
				ids, err = tok.AppendIDs(ids[:0], benchText, EncodeOptions{})
				require.NoError(b, err)
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	_, tokenizers := loadGolden(b)
	for _, name := range kindsToTest {
		tok := tokenizers[name]
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(benchText)))
			b.ReportAllocs()
			for b.Loop() {
				_, err := tok.Encode(benchText, EncodeOptions{})
				require.NoError(b, err)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	_, tokenizers := loadGolden(b)
	for _, name := range []string{"spm-bpe-v4", "llama3", "bert-uncased", "xlm-r"} {
		tok := tokenizers[name]
		ids, err := tok.EncodeIDs(benchText, EncodeOptions{})
		require.NoError(b, err)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(benchText)))
			b.ReportAllocs()
			for b.Loop() {
				tok.Decode(ids, true)
			}
		})
	}
}

// BenchmarkJoinWithoutCuts is a line in which no character ends a token for certain.
func BenchmarkJoinWithoutCuts(b *testing.B) {
	_, tokenizers := loadGolden(b)
	m := tokenizers["spm-bpe-v4"].model.(*bpe)
	text := []byte(strings.Repeat("laenserionta", 1<<16))
	b.SetBytes(int64(len(text)))
	var s mergeSpace
	for b.Loop() {
		require.NoError(b, m.symbols(&s, text))
		s.join(m.merges)
	}
}
