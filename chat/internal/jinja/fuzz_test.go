package jinja

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzTemplate: no template makes parsing or rendering panic, and the pieces
// with an origin lie in order inside the text.
func FuzzTemplate(f *testing.F) {
	g := readGolden(f)
	for _, s := range g.Snippets {
		f.Add(s.Source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > 2000 {
			return
		}
		template, err := Parse(source)
		if err != nil {
			return
		}
		vars := map[string]Value{"s": Of("  añ🙂 b\n", 1), "u": Of("x,y", 2), "n": 7, "l": &List{Items: []Value{Of("a", 3), 2, nil}, Who: 3}}
		message := &Dict{Who: 4, Turn: true}
		message.Set(plain("role"), plain("user"))
		message.Set(plain("content"), Of("hi", 4))
		vars["msgs"] = &List{Items: []Value{message, message}}
		vars["d"] = message
		r, err := template.Render(vars, time.Unix(0, 0))
		if err != nil {
			return
		}
		last := 0
		for _, p := range r.Pieces {
			require.LessOrEqual(t, last, p.Start)
			require.Less(t, p.Start, p.End)
			require.Positive(t, p.Who)
			last = p.End
		}
		require.LessOrEqual(t, last, len(r.Text))
		for _, turn := range r.Turns {
			require.LessOrEqual(t, turn.End, len(r.Text))
		}
	})
}
