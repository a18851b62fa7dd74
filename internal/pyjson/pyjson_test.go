package pyjson

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rows reads a golden file; its escapes are decoded by the package itself, since encoding/json has no lone surrogates.
func rows(t *testing.T, name string) []*Object {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	var out []*Object
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		v, err := Unmarshal(lines.Text())
		require.NoError(t, err)
		out = append(out, v.(*Object))
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, out)
	return out
}

func TestReadingAndWritingAgreeWithPython(t *testing.T) {
	forms := map[string]Options{
		"dumps":         {EnsureASCII: true},
		"plain":         {},
		"indent2":       {Indent: 2},
		"indent4sorted": {Indent: 4, SortKeys: true, EnsureASCII: true},
		"compact":       {ItemSeparator: ",", KeySeparator: ":", EnsureASCII: true},
	}
	for _, row := range rows(t, "cases.jsonl") {
		text := row.Value("text").(string)
		v, err := Unmarshal(text)
		if want, ok := row.Get("error"); ok {
			var syntax *SyntaxError
			require.ErrorAs(t, err, &syntax, "%q", text)
			require.Equal(t, want, err.Error(), "%q", text)
			continue
		}
		if want, ok := row.Get("limit"); ok {
			var limit *LimitError
			require.ErrorAs(t, err, &limit, "%q", text)
			require.Equal(t, want, err.Error())
			continue
		}
		require.NoError(t, err, "%q", text)
		require.Equal(t, row.Value("str"), Text(v), "str of %q", text)
		require.Equal(t, row.Value("repr"), Repr(v), "repr of %q", text)
		require.Equal(t, row.Value("truth"), Truthy(v), "truth of %q", text)
		for form, opts := range forms {
			got, err := Marshal(v, opts)
			require.NoError(t, err)
			require.Equal(t, surrogatesEscaped(row.Value(form).(string)), string(got), "%s of %q", form, text)
		}
	}
}

// surrogatesEscaped is the one place where Marshal leaves Python: a lone surrogate becomes its escape.
func surrogatesEscaped(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := decodeRune(s)
		if isSurrogate(r) {
			b.Write(appendEscape(nil, r))
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

func TestEqualityAgreesWithPython(t *testing.T) {
	for _, row := range rows(t, "equal.jsonl") {
		a, err := Unmarshal(row.Value("a").(string))
		require.NoError(t, err)
		b, err := Unmarshal(row.Value("b").(string))
		require.NoError(t, err)
		assert.Equal(t, row.Value("equal"), Equal(a, b), "%s == %s", row.Value("a"), row.Value("b"))
	}
}

func TestStringMethodsAgreeWithPython(t *testing.T) {
	for _, row := range rows(t, "strings.jsonl") {
		s := row.Value("s").(string)
		assert.Equal(t, row.Value("lower"), Lower(s), "lower of %q", s)
		assert.Equal(t, row.Value("strip"), Trim(s), "strip of %q", s)
		words := []any{}
		for _, w := range Words(s) {
			words = append(words, w)
		}
		assert.Equal(t, row.Value("split"), words, "split of %q", s)
		assert.Equal(t, row.Value("len"), NewInt(int64(Len(s))), "len of %q", s)
		assert.Equal(t, row.Value("repr"), Repr(s), "repr of %q", s)
	}
}

func TestEveryCharacterAgreesWithPython(t *testing.T) {
	data, err := os.ReadFile("testdata/characters.json")
	require.NoError(t, err)
	var golden struct {
		Assigned, Printable, Space [][2]rune
		EndsWordAfter              [][2]rune `json:"ends_word_after"`
		CaseIgnorable              [][2]rune `json:"case_ignorable"`
		Lower                      [][2]any
	}
	require.NoError(t, json.Unmarshal(data, &golden))
	set := func(ranges [][2]rune) map[rune]bool {
		m := map[rune]bool{}
		for _, r := range ranges {
			for c := r[0]; c <= r[1]; c++ {
				m[c] = true
			}
		}
		return m
	}
	assigned, printable, space := set(golden.Assigned), set(golden.Printable), set(golden.Space)
	finalAfter, ignorable := set(golden.EndsWordAfter), set(golden.CaseIgnorable)
	lower := map[rune]string{}
	for _, pair := range golden.Lower {
		lower[rune(pair[0].(float64))] = pair[1].(string)
	}
	for c := range assigned { // code points that a newer Unicode has added since are nobody's fault
		if isSurrogate(c) {
			continue
		}
		s := string(c)
		require.Equal(t, space[c], IsSpace(c), "space: %U", c)
		require.Equal(t, printable[c], Repr(s) == "'"+s+"'" || c == '\'' || c == '\\', "printable: %U", c)
		require.Equal(t, finalAfter[c], endsWord("1"+s, ""), "sigma ends a word after 1 and %U", c)
		require.Equal(t, ignorable[c], endsWord("A"+s, "") && !endsWord("1"+s, ""), "case-ignorable: %U", c)
		want, changed := lower[c]
		if !changed {
			want = s
		}
		require.Equal(t, want, Lower(s), "lower: %U", c)
	}
}

func TestNestingIsBoundedAndNeverCrashes(t *testing.T) {
	for _, open := range []string{"[", `{"a":`, `[{"a":`} {
		_, err := Unmarshal(strings.Repeat(open, 10_000_000))
		var limit *LimitError
		require.ErrorAs(t, err, &limit)
		assert.Contains(t, limit.Msg, "maximum recursion depth exceeded while decoding a JSON ")
	}
	deep := strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)
	v, err := Unmarshal(deep)
	require.NoError(t, err)
	back, err := Marshal(v, Options{})
	require.NoError(t, err)
	assert.Equal(t, deep, string(back))
}

func TestMarshalRefusesWhatIsNoValue(t *testing.T) {
	_, err := Marshal([]any{struct{}{}}, Options{})
	assert.EqualError(t, err, "a Go struct {} is no JSON value")
	loop := NewObject()
	loop.Set("self", loop)
	_, err = Marshal(loop, Options{})
	assert.ErrorContains(t, err, "does it contain itself?")
}

func TestBytesThatAreNotUTF8AreNamedAsPythonNamesThem(t *testing.T) {
	cases := []struct{ data, want string }{
		{"\"a\xff\"", "'utf-8' codec can't decode byte 0xff in position 2: invalid start byte"},
		{"\"\xc3\"", "'utf-8' codec can't decode byte 0xc3 in position 1: invalid continuation byte"},
		{"\xe2\x82", "'utf-8' codec can't decode byte 0xe2 in position 0: unexpected end of data"},
		{"\"\xed\xa0\x80\"", "'utf-8' codec can't decode byte 0xed in position 1: invalid continuation byte"},
		{"\xc0\x80", "'utf-8' codec can't decode byte 0xc0 in position 0: invalid start byte"},
		{"\xf4\x90\x80\x80", "'utf-8' codec can't decode byte 0xf4 in position 0: invalid continuation byte"},
	}
	for _, c := range cases {
		_, err := UnmarshalFile([]byte(c.data))
		assert.EqualError(t, err, c.want, "%q", c.data)
	}
	v, err := Unmarshal("\"\xed\xa0\x80\"") // what the escape \ud800 decodes to
	require.NoError(t, err)
	assert.Equal(t, `'\ud800'`, Repr(v))
}

func TestObjectKeepsOrderAtEverySize(t *testing.T) {
	o := &Object{}
	var want []string
	for i := range 50 {
		key := strings.Repeat("k", i)
		o.Set(key, i)
		want = append(want, key)
	}
	for i, key := range want {
		o.Set(key, i*2) // keeps its place
		assert.Equal(t, i*2, o.Value(key))
	}
	var got []string
	for k := range o.All() {
		got = append(got, k)
	}
	assert.Equal(t, want, got)
	_, ok := o.Get("absent")
	assert.False(t, ok)
	assert.Equal(t, 50, o.Clone().Len())
}

func TestObjectIsStandardJSONInsideEncodingJSON(t *testing.T) {
	v, err := Unmarshal(`{"b": NaN, "a": [Infinity, 1, "<\ud800>"]}`)
	require.NoError(t, err)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	require.NoError(t, enc.Encode(map[string]any{"gold": v}))
	assert.Equal(t, `{"gold":{"b":null,"a":[null,1,"<\ud800>"]}}`+"\n", out.String())
	var back struct{ Gold *Object }
	require.NoError(t, json.Unmarshal(out.Bytes(), &back))
	assert.Equal(t, "{'b': None, 'a': [None, 1, '<\\ud800>']}", Text(back.Gold))
}

func TestGoIntegersCountAsIntegers(t *testing.T) {
	assert.True(t, Equal(3, Int("3")))
	assert.True(t, Equal(int64(3), 3.0))
	assert.False(t, Truthy(0))
	assert.Equal(t, "[3, 4]", Text([]any{3, int64(4)}))
	assert.Equal(t, "-0.0", FloatText(math.Copysign(0, -1)))
	n, ok := Int("99999999999999999999").Int64()
	assert.False(t, ok, "%d", n)
}

// FuzzUnmarshal holds that whatever can be read can be written and read again to the same value.
func FuzzUnmarshal(f *testing.F) {
	for _, s := range []string{`{"a": [1, 2.5, null, "\ud800"]}`, `[NaN, -Infinity, 1e400]`, `"\u00e9`, "{", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Unmarshal(text)
		if err != nil {
			_ = err.Error()
			return
		}
		for _, opts := range []Options{{}, {Indent: 2, EnsureASCII: true}} {
			out, err := Marshal(v, opts)
			require.NoError(t, err)
			again, err := Unmarshal(string(out))
			require.NoError(t, err, "%q", out)
			require.Equal(t, Repr(v), Repr(again))
		}
		_, _ = Lower(text), Words(text)
	})
}
