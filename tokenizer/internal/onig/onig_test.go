package onig

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func matches(t require.TestingT, re *Regexp, text string) []string {
	found := []string{}
	require.NoError(t, re.FindAll([]byte(text), func(m Match) bool {
		found = append(found, text[m.Start:m.End])
		return true
	}))
	return found
}

// The answers are those of Oniguruma 6.9.10, through the Split pre-tokenizer of tokenizers 0.23.3.
func TestMatchesAreThoseOfOniguruma(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          []string
	}{
		{`a|ab`, "abab", []string{"a", "a"}},
		{`(?:a|ab)b`, "abb", []string{"ab"}},
		{`a*?b`, "aaab", []string{"aaab"}},
		{`a++b|a`, "aaac", []string{"a", "a", "a"}},
		{`(?>a+)ab|c`, "aaabc", []string{"c"}},
		{`\s+(?!\S)|\s+`, "a   b ", []string{"  ", " ", " "}},
		{`(?<=a)b`, "abcb", []string{"b"}},
		{`(?<!a)b`, "abcb", []string{"b"}},
		{`(?<=a|bc)d`, "adbcdcd", []string{"d", "d"}},
		{`\p{Lu}\p{^Lu}*`, "AbcDe", []string{"Abc", "De"}},
		{`[[:alpha:]&&[^aeiou]]+`, "hello", []string{"h", "ll"}},
		{`[a-c[x-z]]+`, "abxyd", []string{"abxy"}},
		{`[\]a-]+`, "a]-b", []string{"a]-"}},
		{`x{2}`, "xxxxx", []string{"xx", "xx"}},
		{`x{,2}y`, "xxxy", []string{"xxy"}},
		{`x{2,3}+y`, "xxxxxy", []string{"xxxxxy"}},
		{`x{a}`, "x{a}", []string{"x{a}"}},
		{`(?i:k)`, "kK\u212A", []string{"k", "K", "\u212A"}},
		{`(?m).+`, "a\nb", []string{"a\nb"}},
		{`.+`, "a\nb", []string{"a", "b"}},
		{`^b$`, "a\nb\nc", []string{"b"}},
		{`\Ab|b\z`, "bab", []string{"b", "b"}},
		{`\bb`, "ab b", []string{"b"}},
		{`(?x) a b # comment`, "ab", []string{"ab"}},
		{`\x41\u0042\x{43}\t`, "ABC\t", []string{"ABC\t"}},
		{`\R`, "a\r\nb\n", []string{"\r\n", "\n"}},
		{`(a*)*b`, "aab", []string{"aab"}},
		{`(?:)`, "ab", []string{"", "", ""}},
		{`\w`, "½", []string{"½"}},
		{`[\w]`, "½", []string{}},
		{`(?=a)`, "ba", []string{""}},
	} {
		re, err := Compile(c.pattern)
		require.NoError(t, err)
		require.Equal(t, c.want, matches(t, re, c.text), "%s on %q", c.pattern, c.text)
	}
}

func TestWhatIsNotSupportedIsNamed(t *testing.T) {
	for pattern, want := range map[string]string{
		`(a)\1`: `\1 is not supported`, `\k<x>`: `\k is not supported`, `a\Kb`: `\K is not supported`, `\X`: `\X is not supported`,
		`\p{Klingon}`: `\p{Klingon} is not supported`, `(?~ab)`: "(?~ is not supported", `(?i)grosse`: `"ss" under (?i)`, `[[:klingon:]]`: "[:klingon:]",
		`(a`: "( without )", `a)`: "unmatched )", `[a`: "[ without ]", `*a`: "nothing to repeat", `\`: "a backslash at the end", `a{3}?`: "lazy {n}",
		`[z-a]`: "is empty", `(?<=a*)b`: "look-behind", `((a{1000}){1000}){1000}`: "too large", `\p{L`: "without {name}", strings.Repeat("(", 300): "nested more than",
		"\xff": "not valid UTF-8",
	} {
		_, err := Compile(pattern)
		require.ErrorContains(t, err, want, pattern)
	}
}

func TestTheQuickScannersMatchLikeTheMachine(t *testing.T) {
	text := rapid.StringOfN(rapid.OneOf(rapid.RuneFrom([]rune("ab'sStTrReEvVlLdDmM12 \n\r\t.,!-é漢½٣\u00a0\u0301ſ")), rapid.Rune()), 0, 30, -1)
	for pattern, scan := range wordScans {
		re, err := Compile(pattern)
		require.NoError(t, err)
		require.Same(t, scan, re.scan)
		slow := *re
		slow.scan = nil
		rapid.Check(t, func(rt *rapid.T) {
			s := strings.ToValidUTF8(text.Draw(rt, "text"), "")
			require.Equal(rt, matches(rt, &slow, s), matches(rt, re, s), "%q", s)
		})
	}
}

func TestEndlessBacktrackingIsGivenUp(t *testing.T) {
	re, err := Compile(`(?:a|a)*(?:a|a)*(?:a|a)*b`)
	require.NoError(t, err)
	start := time.Now()
	err = re.FindAll([]byte(strings.Repeat("a", 60)), func(Match) bool { return true })
	require.ErrorIs(t, err, ErrTooLong)
	t.Log(time.Since(start))
}

func FuzzCompile(f *testing.F) {
	for pattern := range wordScans {
		f.Add(pattern, "hello 'LL 123\n\n x")
	}
	f.Add(`(?<=a|bc)[^\W\d]++(?!x)|\p{Han}{1,3}?$`, "abc漢字")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 200 || len(text) > 50 {
			return
		}
		re, err := Compile(pattern)
		if err != nil {
			return
		}
		last := 0
		err = re.FindAll([]byte(strings.ToValidUTF8(text, "")), func(m Match) bool {
			if m.Start < last || m.End < m.Start {
				t.Fatalf("%q on %q: %v behind %d", pattern, text, m, last)
			}
			last = m.End
			return true
		})
		_ = err // ErrTooLong is an answer
	})
}
