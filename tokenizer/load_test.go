package tokenizer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// smallFile is a whole tokenizer.json with one part put in.
func smallFile(part string) string {
	file := `{"version":"1.0","added_tokens":[{"id":0,"content":"<unk>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],` +
		`"model":{"type":"BPE","unk_token":"<unk>","vocab":{"<unk>":0,"a":1,"b":2,"ab":3},"merges":["a b"]}`
	if part != "" {
		file += "," + part
	}
	return file + "}"
}

func TestAnUnknownOrBrokenPartIsAnErrorThatNamesIt(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"normalizer", smallFile(`"normalizer":{"type":"Uppercase"}`), `normalizer: unknown normalizer type "Uppercase"`},
		{"nested", smallFile(`"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"X"}]}`), `normalizers[1]: unknown normalizer type "X"`},
		{"pre_tokenizer", smallFile(`"pre_tokenizer":{"type":"Words"}`), `unknown pre_tokenizer type "Words"`},
		{"post_processor", smallFile(`"post_processor":{"type":"Poster"}`), `unknown post_processor type "Poster"`},
		{"decoder", smallFile(`"decoder":{"type":"Encoder"}`), `unknown decoder type "Encoder"`},
		{"model", `{"model":{"type":"RNN","vocab":{}}}`, `unknown model type "RNN"`},
		{"no type", smallFile(`"decoder":{"prefix":"##"}`), `has no "type"`},
		{"no model", `{"version":"1.0"}`, `the key "model" is missing`},
		{"version", smallFile(`"version":"2.0"`), `version "2.0" is unknown`},
		{"key", smallFile(`"pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"invert":false}`), `the key "behavior" is missing`},
		{"behavior", smallFile(`"pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"behavior":"Kept","invert":false}`), `unknown split behavior "Kept"`},
		{"regex", smallFile(`"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(a)\\1"},"behavior":"Isolated","invert":false}`), `\1 is not supported`},
		{"scheme", smallFile(`"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"last"}`), `unknown prepend_scheme "last"`},
		{"character", smallFile(`"pre_tokenizer":{"type":"Metaspace","replacement":"▁▁"}`), `"▁▁" is not one character`},
		{"charsmap", smallFile(`"normalizer":{"type":"Precompiled","precompiled_charsmap":"/////w=="}`), `announces a trie`},
		{"merge", strings.Replace(smallFile(""), `"a b"`, `"a c"`, 1), `needs the token "c"`},
		{"merge of three", strings.Replace(smallFile(""), `"a b"`, `"a b c"`, 1), `not two tokens`},
		{"merge pair", strings.Replace(smallFile(""), `"a b"`, `["a"]`, 1), `has 1 tokens and not 2`},
		{"id", strings.Replace(smallFile(""), `"a":1`, `"a":-1`, 1), "an id must be a whole number"},
		{"dropout", strings.Replace(smallFile(""), `"BPE"`, `"BPE","dropout":0.1`, 1), "dropout is 0.1"},
		{"cut off", smallFile("")[:120], "cut off"},
		{"not JSON", "tokenizer", "should stand"},
		{"more text", smallFile("") + "x", "more text behind the end"},
		{"escape", strings.Replace(smallFile(""), `"b"`, `"\ud800"`, 1), "half a surrogate pair"},
		{"strategy", smallFile(`"truncation":{"max_length":3,"strategy":"Middle","stride":0}`), `unknown strategy "Middle"`},
		{"special", smallFile(`"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}}],"pair":[],"special_tokens":{}}`),
			`the token "<s>" is not among special_tokens`},
		{"unigram", `{"model":{"type":"Unigram","unk_id":5,"vocab":[["a",-1.5]]}}`, "unk_id is 5"},
		{"score", `{"model":{"type":"Unigram","vocab":[["a","b"]]}}`, "where a number should stand"},
	} {
		_, err := FromJSON([]byte(c.file))
		require.ErrorContains(t, err, c.want, c.name)
		require.ErrorContains(t, err, "tokenizer.json: ", c.name)
	}
	_, err := FromJSON([]byte(smallFile("")))
	require.NoError(t, err)
}

func TestLimitsThatMakeNoSenseAreErrors(t *testing.T) {
	tok, err := FromJSON([]byte(smallFile("")))
	require.NoError(t, err)
	_, err = tok.WithTruncation(&Truncation{MaxLength: 3, Strategy: "shortest"})
	require.ErrorContains(t, err, `"shortest"`)
	_, err = tok.WithPadding(&Padding{Direction: "up"})
	require.ErrorContains(t, err, `"up"`)
	short, err := tok.WithTruncation(&Truncation{MaxLength: 2, Stride: 2})
	require.NoError(t, err)
	_, err = short.Encode("abbbb", EncodeOptions{})
	require.ErrorContains(t, err, "stride 2")
	require.Nil(t, tok.Truncation(), "the tokenizer itself stays as it was")
}

func TestTokensAndIDsLookUpBothWays(t *testing.T) {
	tok, err := Load("testdata/stories260k.json")
	require.NoError(t, err)
	require.Equal(t, 512, tok.VocabSize())
	for id := range int32(512) {
		token, ok := tok.IDToToken(id)
		require.True(t, ok)
		back, ok := tok.TokenToID(token)
		require.True(t, ok)
		require.Equal(t, id, back)
	}
	_, ok := tok.IDToToken(512)
	require.False(t, ok)
	_, ok = tok.IDToToken(-1)
	require.False(t, ok)
	_, ok = tok.TokenToID("no such token")
	require.False(t, ok)
	require.True(t, tok.IsSpecial(1))
	require.False(t, tok.IsSpecial(300))
	require.Len(t, tok.AddedTokens(), 3)
}

func TestScoresAreReadAsSerdeJSONReadsThem(t *testing.T) {
	for text, want := range map[string]float64{
		"0": 0, "-1": -1, "1.5": 1.5, "-3.250824451446533": -3.250824451446533, "1e3": 1000, "2E-3": 0.002, "1e-400": 0, "12.5e+1": 125,
		// More digits than a double holds: the whole number is rounded, and then the quotient, in the last line to
		// another double than the nearest.
		"123456789012345678901234567890": 1.2345678901234568e29,
		"5.9141777631706690":             5.9141777631706685, "-15.4391500080636083": -15.43915000806361,
	} {
		require.Equal(t, want, digitsAsFloat([]byte(text)), text)
	}
}
