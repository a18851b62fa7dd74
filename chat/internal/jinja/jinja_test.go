package jinja

import (
	"bytes"
	"encoding/json"
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

// differs lists snippets that we knowingly render otherwise, and how.
var differs = map[string]string{}

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
			want := *c.Text
			if ours, ok := differs[c.Source]; ok {
				require.NotEqual(t, want, ours)
				want = ours
			}
			require.Equal(t, want, text)
		})
	}
	require.Greater(t, len(g.Snippets), 100)
	require.False(t, strings.Contains(string(g.Vars), "\x00"))
}
