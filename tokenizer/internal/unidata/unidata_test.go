package unidata

import (
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

func TestEveryTableCanBeRead(t *testing.T) {
	for name := range lines() {
		require.NotEmpty(t, spans(name), name)
	}
	require.Greater(t, len(lines()), 200)
}

func TestSetsHoldWhatTheLibraryAnswers(t *testing.T) {
	require.True(t, Punctuation().Has('$'), "BERT counts all ASCII symbols")
	require.False(t, Punctuation().Has('€'))
	require.True(t, Nonspacing().Has(0x0301))
	require.False(t, Nonspacing().Has('a'))
	require.True(t, Numeric().Has('½'))
	require.True(t, RustWord().Has('_'))
	require.False(t, RustWord().Has('½'))
	require.True(t, BertRemoved().Has(0))
	require.False(t, BertRemoved().Has('\t'))
	require.False(t, Punctuation().Has(-1))
	require.False(t, Punctuation().Has(unicode.MaxRune+1))
	letters, ok := Oniguruma("lu")
	require.True(t, ok)
	require.Equal(t, 1858, NewSet(letters).Len(), "the capital letters of Unicode 16.0")
	_, ok = Oniguruma("klingon")
	require.False(t, ok)
}

func TestLowerIsThatOfRust(t *testing.T) {
	for r, want := range map[rune]string{'A': "a", 'z': "", 'É': "é", 'İ': "i̇", 'ẞ': "ß", 'Σ': "σ", 'ß': "", 'Ა': "ა", 'K': "k"} {
		require.Equal(t, want, string(Lower(r)), "%c", r)
	}
}

func TestScriptsJoinKanaAndHan(t *testing.T) {
	require.Equal(t, Script('漢'), Script('か'))
	require.Equal(t, Script('漢'), Script('カ'))
	require.NotEqual(t, Script('漢'), Script('a'))
	require.Zero(t, Script(' '))
}

func TestGraphemesFollowUnicode17(t *testing.T) {
	for text, want := range map[string][]string{
		"ab":                         {"a", "b"},
		"e\u0301\u0323x":             {"e\u0301\u0323", "x"},
		"\r\n\n\u0301":               {"\r\n", "\n", "\u0301"},
		"🇪🇸🇫🇷🇩":                      {"🇪🇸", "🇫🇷", "🇩"},
		"👩‍👩‍👧a":                     {"👩‍👩‍👧", "a"},
		"👩\u200d\u200d👧":             {"👩\u200d\u200d", "👧"},
		"👍🏽👍":                        {"👍🏽", "👍"},
		"각\u1100\u1161\u11a8가\u11a8": {"각", "\u1100\u1161\u11a8", "가\u11a8"},
		"क्ष":                        {"क्ष"},
		"क\u0308ष":                   {"क\u0308", "ष"},
		"\u0600a":                    {"\u0600a"},
		"กำ":                         {"กำ"},
	} {
		var got []string
		for rest := []byte(text); len(rest) > 0; {
			n := Grapheme(rest)
			got = append(got, string(rest[:n]))
			rest = rest[n:]
		}
		require.Equal(t, want, got, "%q", text)
	}
}
