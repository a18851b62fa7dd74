package grammar

import (
	"fmt"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// part reads one item of a list or an object and goes on.
type part func(next int32) int32

// fixed is an item at a given place of a list: a property, or an item of a tuple.
type fixed struct {
	read     part
	optional bool
}

// list reads a list or an object: the fixed items in order, then between least and most of the others; nil for none.
// least and most do not count the fixed ones.
func (c *compiler) list(open, end byte, items []fixed, others part, least, most int32, next int32) int32 {
	shut := func() int32 { return c.line(-1, c.bytes(end, end, stepRet)) }
	behind := shut() // after an item
	empty := c.bytes(end, end, stepRet)
	first, later := empty, behind
	if others != nil && most > 0 {
		rest := func(least int32) int32 {
			n := most
			if n != unbounded {
				n--
			}
			return c.loop(c.text(",", c.line(0, others(stepAgain))), max(least-1, 0), n, behind)
		}
		first = c.line(0, others(rest(least)))
		later = c.text(",", c.line(0, others(rest(least))))
		if least == 0 {
			first, later = c.either(first, empty), c.either(later, behind)
		}
	} else if least > 0 {
		first, later = c.either(), c.either()
	}
	for i := len(items) - 1; i >= 0; i-- {
		item := items[i]
		from, on := c.line(0, item.read(later)), c.text(",", c.line(0, item.read(later)))
		if item.optional {
			from, on = c.either(from, first), c.either(on, later)
		}
		first, later = from, on
	}
	return c.bytes(open, open, c.add(node{op: opNest, sub: first, next: next}))
}

// line begins a line, delta levels deeper than the present one.
func (c *compiler) line(delta, next int32) int32 {
	if c.o.Compact {
		return next
	}
	space := c.bytes(' ', ' ', stepAgain)
	return c.text("\n", c.add(node{op: opIndent, sub: space, delta: delta, next: next}))
}

func (c *compiler) colon() string {
	if c.o.Compact {
		return ":"
	}
	return ": "
}

// literal reads one given value.
func (c *compiler) literal(v any, next int32) (int32, error) {
	var items []fixed
	var fault error
	item := func(key string, v any) fixed {
		return fixed{read: func(next int32) int32 {
			step, err := c.literal(v, next)
			if err != nil {
				fault = err
			}
			if key != "" {
				step = c.text(key+c.colon(), step)
			}
			return step
		}}
	}
	switch v := v.(type) {
	case string:
		return c.quoted(v, next), nil
	case []any:
		for _, element := range v {
			items = append(items, item("", element))
		}
		step := c.list('[', ']', items, nil, 0, 0, next)
		return step, fault
	case *pyjson.Object:
		for key, element := range v.All() {
			items = append(items, item(string(quote(key)), element))
		}
		step := c.list('{', '}', items, nil, 0, 0, next)
		return step, fault
	}
	text, err := pyjson.Marshal(v, pyjson.Options{})
	if err != nil {
		return 0, fmt.Errorf("the value %v: %w", v, err)
	}
	return c.text(string(text), next), nil
}
