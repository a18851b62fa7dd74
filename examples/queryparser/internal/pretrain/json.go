package pretrain

import (
	"encoding/json"
	"strings"
)

// field is a key with its value: a string, an int, nil, an object or a list.
type field struct {
	key   string
	value any
}

// object is a JSON object whose keys keep their order.
type object []field

// list is a JSON list of objects or strings.
type list []any

// style is how JSON is laid out: indented by Indent spaces, or on one line.
type style struct{ indent int }

// write lays a value out.
func (st style) write(v any) string {
	var b strings.Builder
	st.put(&b, v, 0)
	return b.String()
}

func (st style) put(b *strings.Builder, v any, depth int) {
	switch v := v.(type) {
	case object:
		st.items(b, '{', '}', len(v), depth, func(i int) {
			st.put(b, v[i].key, depth)
			b.WriteString(": ")
			st.put(b, v[i].value, depth+1)
		})
	case list:
		st.items(b, '[', ']', len(v), depth, func(i int) { st.put(b, v[i], depth+1) })
	default:
		var text strings.Builder
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			panic(err) // only strings, numbers and nil come here
		}
		b.WriteString(strings.TrimSuffix(text.String(), "\n"))
	}
}

func (st style) items(b *strings.Builder, open, end byte, n, depth int, item func(int)) {
	b.WriteByte(open)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		switch {
		case st.indent > 0:
			b.WriteByte('\n')
			b.WriteString(strings.Repeat(" ", st.indent*(depth+1)))
		case i > 0:
			b.WriteByte(' ')
		}
		item(i)
	}
	if n > 0 && st.indent > 0 {
		b.WriteByte('\n')
		b.WriteString(strings.Repeat(" ", st.indent*depth))
	}
	b.WriteByte(end)
}
