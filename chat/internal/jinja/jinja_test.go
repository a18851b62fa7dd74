package jinja

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fromJSON makes values with the order of keys kept.
func fromJSON(t testing.TB, d *json.Decoder) Value {
	t.Helper()
	token, err := d.Token()
	require.NoError(t, err)
	switch token {
	case json.Delim('{'):
		dict := &Dict{}
		for d.More() {
			key, err := d.Token()
			require.NoError(t, err)
			dict.Set(plain(key.(string)), fromJSON(t, d))
		}
		d.Token()
		return dict
	case json.Delim('['):
		list := &List{}
		for d.More() {
			list.Items = append(list.Items, fromJSON(t, d))
		}
		d.Token()
		return list
	}
	switch v := token.(type) {
	case string:
		return plain(v)
	case json.Number:
		if n, ok := new(big.Int).SetString(v.String(), 10); ok {
			return smallInt(n)
		}
		f, err := v.Float64()
		require.NoError(t, err)
		return f
	}
	return token
}

func decoder(text []byte) *json.Decoder {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d
}

type golden struct {
	Vars     json.RawMessage
	Snippets []struct {
		Source string
		Text   *string
		Error  string
	}
}

func readGolden(t testing.TB) (g golden) {
	t.Helper()
	text, err := os.ReadFile("testdata/snippets.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &g))
	return g
}

func (g golden) vars(t testing.TB) map[string]Value {
	t.Helper()
	dict := fromJSON(t, decoder(g.Vars)).(*Dict)
	vars := map[string]Value{}
	for i, k := range dict.keys {
		vars[k.(Text).S] = dict.values[i]
	}
	return vars
}

func TestSnippetsRenderAsJinja2RendersThem(t *testing.T) {
	g := readGolden(t)
	for _, c := range g.Snippets {
		t.Run(c.Source, func(t *testing.T) {
			var text string
			template, err := Parse(c.Source)
			if err == nil {
				var r *Rendered
				if r, err = template.Render(g.vars(t), time.Now()); err == nil {
					text = r.Text
				}
			}
			if c.Text == nil {
				require.Error(t, err, "Jinja2 says: %s; we render %q", c.Error, text)
				return
			}
			require.NoError(t, err)
			require.Equal(t, *c.Text, text)
		})
	}
	require.Greater(t, len(g.Snippets), 200)
}

func TestWhatIsNotSupportedIsNamed(t *testing.T) {
	for source, want := range map[string]string{
		"a\n{% include 'x' %}":   "line 2: {% include %} needs another template",
		"{% extends 'x' %}":      "{% extends %} needs another template",
		"{% autoescape true %}":  "{% autoescape %} is not supported",
		"{{ x|groupby('a') }}":   "there is no filter 'groupby' here: Jinja2 has it",
		"{{ x|nonsense }}":       "there is no filter 'nonsense'",
		"{{ x is nonsense }}":    "there is no test 'nonsense'",
		"{% nonsense %}":         "there is no tag {% nonsense %}",
		"{{ self.x() }}":         "'self' is not supported",
		"{% if true %}\n{{ 1 }}": "line 2: the template ends before {% endif %}",
		"{% for x in y %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}": "{% break %} stands outside of a loop",
		"{{ 1 + }}":   "unexpected '}}'",
		"{{ (1 }}":    "unexpected '}'",
		"{# x":        "a comment is not closed",
		"{% raw %}":   "a raw block is not closed",
		"{{ 'x }}":    "a string is not closed",
		"{{ x ? y }}": "unexpected character '?'",
		"{{ " + strings.Repeat("(", 5000) + strings.Repeat(")", 5000) + "}}": "nested more than 500 deep",
		"{{ " + strings.Repeat("not ", 5000) + "1 }}":                        "nested more than 500 deep",
	} {
		_, err := Parse(source)
		require.ErrorContains(t, err, want)
	}
	for source, want := range map[string]string{
		"\n\n{{ strftime_now('%Q') }}":                                          "line 3: strftime_now: the directive %Q is not supported",
		"{{ 'x' * 9999999999 }}":                                                "too long",
		"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}":                       "more than 200 deep",
		"{{ cycler('a') }}":                                                     "cycler is not supported",
		"{{ '{0.name}'.format(1) }}":                                            "str.format: the field",
		"{% for x in [1] %}\n{% if true %}\n{{ x.y.z }}{% endif %}{% endfor %}": "line 3: 'int object' has no attribute 'y'",
	} {
		template, err := Parse(source)
		require.NoError(t, err, source)
		_, err = template.Render(nil, time.Now())
		require.ErrorContains(t, err, want)
	}
}

func TestStrftimeIsPythons(t *testing.T) {
	at := time.Date(2026, 3, 5, 7, 8, 9, 123456000, time.UTC)
	for format, want := range map[string]string{ // Python's datetime(2026, 3, 5, 7, 8, 9, 123456).strftime
		"%d %b %Y":                   "05 Mar 2026",
		"%-d/%-m/%y":                 "5/3/26",
		"%A, %B %d":                  "Thursday, March 05",
		"%Y-%m-%dT%H:%M:%S.%f":       "2026-03-05T07:08:09.123456",
		"%I:%M %p %a %j %U %W %V %G": "07:08 AM Thu 064 09 09 10 2026",
		"100%% %e|%u|%w|%C|%D|%T|%R": "100%  5|4|4|20|03/05/26|07:08:09|07:08",
		"%c":                         "Thu Mar  5 07:08:09 2026",
		"%x %X %h %F%n%t%%":          "03/05/26 07:08:09 Mar 2026-03-05\n\t%",
		"%":                          "%",
	} {
		require.Equal(t, want, strftime(at, format), format)
	}
}

func TestOriginsFollowTheText(t *testing.T) {
	for source, want := range map[string]string{
		"<{{ a }}>{{ b }}":                                                                                         "<[1:one two]>[2:ñ-ü]",
		"{{ a + b }}{{ a ~ 1 ~ b }}":                                                                               "[1:one two][2:ñ-ü][1:one two]1[2:ñ-ü]",
		"{{ a[4:] }}|{{ b[1:] }}|{{ a[::-1] }}|{{ b[0] }}":                                                         "[1:two]|[2:-ü]|[1:owt eno]|[2:ñ]",
		"{{ ('  ' + a + ' ') | trim }}|{{ a.strip('o') }}":                                                         "[1:one two]|[1:ne tw]",
		"{{ a.split(' ')|join('+') }}{{ b.split('-')[-1] }}":                                                       "[1:one]+[1:two][2:ü]",
		"{{ a.replace('one', b) }}|{{ a|replace(' ', '_') }}":                                                      "[2:ñ-ü][1: two]|[1:one]_[1:two]",
		"{{ a|upper }}{{ b.upper() }}{{ a|title }}":                                                                "[1:ONE TWO][2:Ñ-Ü][1:One Two]",
		"{{ a|tojson }}{{ [a]|tojson }}{{ a|e }}":                                                                  `[1:"one two"]["one two"][1:one two]`,
		"{% set x %}({{ a }}){% endset %}{{ x }}{{ x|length }}":                                                    "([1:one two])9",
		"{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(b) }}":                                                        "<[2:ñ-ü]>",
		"{% filter indent(2, true) %}{{ a }}\n{{ b }}{% endfilter %}":                                              "  [1:one two]\n  [2:ñ-ü]",
		"{{ '%s=%s' % (a, b) }} {{ '{}:{}'.format(a, b) }}":                                                        "[1:one two]=[2:ñ-ü] [1:one two]:[2:ñ-ü]",
		"{{ a.partition(' ')[2] }}{{ a.splitlines()[0] }}":                                                         "[1:twoone two]",
		"{% for c in b %}{{ c }},{% endfor %}":                                                                     "[2:ñ],[2:-],[2:ü],",
		"{% set ns = namespace(s='') %}{% for x in [a, b] %}{% set ns.s = ns.s + x + ';' %}{% endfor %}{{ ns.s }}": "[1:one two];[2:ñ-ü];",
		"{{ d|tojson }}{{ d.x }}{{ d }}":                                                                           `[3:{"x": 1}]1[3:{'x': 1}]`,
	} {
		template, err := Parse(source)
		require.NoError(t, err)
		d := &Dict{Who: 3}
		d.Set(plain("x"), 1)
		r, err := template.Render(map[string]Value{"a": Of("one two", 1), "b": Of("ñ-ü", 2), "d": d}, time.Now())
		require.NoError(t, err)
		var got strings.Builder
		last := 0
		for _, p := range r.Pieces {
			got.WriteString(r.Text[last:p.Start])
			fmt.Fprintf(&got, "[%d:%s]", p.Who, r.Text[p.Start:p.End])
			last = p.End
		}
		got.WriteString(r.Text[last:])
		require.Equal(t, want, got.String(), source)
	}
}
