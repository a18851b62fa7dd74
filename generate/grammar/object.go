package grammar

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

func (c *compiler) objectOf(s *pyjson.Object, place string, next int32) (int32, error) {
	declared, _ := s.Value("properties").(*pyjson.Object)
	if _, ok := s.Get("properties"); ok && declared == nil {
		return 0, fmt.Errorf("%s: properties is no object", place)
	}
	required, err := texts(s, "required", place)
	if err != nil {
		return 0, err
	}
	property := func(key, place string, schema any) (part, error) {
		value, err := c.sub(schema, place)
		return func(next int32) int32 { return c.quoted(key, c.text(c.colon(), c.call(value, next))) }, err
	}
	var items []fixed
	var names []string
	if declared != nil {
		for key, schema := range declared.All() {
			needed := slices.Contains(required, key)
			if schema == false && !needed {
				names = append(names, key)
				continue // it may not occur
			}
			read, err := property(key, place+"/properties/"+escapePointer(key), schema)
			if err != nil {
				return 0, err
			}
			items = append(items, fixed{read: read, optional: !needed && !c.o.AllProperties})
			names = append(names, key)
		}
	}
	additional, asked := s.Get("additionalProperties")
	if !asked {
		additional = false
	}
	for _, key := range required {
		if slices.Contains(names, key) {
			continue
		}
		if asked && additional == false {
			return 0, fmt.Errorf("%s: %q is required, but not declared, and additionalProperties is false", place, key)
		}
		schema := additional
		if !asked {
			schema = true
		}
		read, err := property(key, place+"/additionalProperties", schema)
		if err != nil {
			return 0, err
		}
		items = append(items, fixed{read: read})
		names = append(names, key)
	}
	var others part
	if additional != false {
		value, err := c.sub(additional, place+"/additionalProperties")
		if err != nil {
			return 0, err
		}
		others = func(next int32) int32 { return c.otherKey(names, c.text(c.colon(), c.call(value, next))) }
	}
	return c.list('{', '}', items, others, 0, unbounded, next), nil
}

// otherKey reads a key that is none of names. It is spelled in one way only, so that no escape makes it one of them.
func (c *compiler) otherKey(names []string, next int32) int32 {
	end := c.text(`"`, next)
	free := c.add(node{op: opSplit})
	c.nodes[free].alts = []int32{c.spelled([]rune{0, utf8.MaxRune}, free), end}
	var after func(rest []string) int32 // what may follow when the names go on with rest
	after = func(rest []string) int32 {
		children := map[rune][]string{}
		var heads []rune
		alts := []int32{end}
		for _, name := range rest {
			if name == "" {
				alts = nil
				continue
			}
			r, size := utf8.DecodeRuneInString(name)
			if _, seen := children[r]; !seen {
				heads = append(heads, r)
			}
			children[r] = append(children[r], name[size:])
		}
		slices.Sort(heads)
		low := rune(0)
		var outside []rune
		for _, r := range heads {
			alts = append(alts, c.spelled([]rune{r, r}, after(children[r])))
			if low < r {
				outside = append(outside, low, r-1)
			}
			low = r + 1
		}
		if low <= utf8.MaxRune {
			outside = append(outside, low, utf8.MaxRune)
		}
		return c.either(append(alts, c.spelled(outside, free))...)
	}
	return c.text(`"`, after(names))
}

func (c *compiler) arrayOf(s *pyjson.Object, place string, next int32) (int32, error) {
	least, most, err := c.counts(s, "minItems", "maxItems", place)
	if err != nil {
		return 0, err
	}
	item := func(schema any, place string) (part, error) {
		value, err := c.sub(schema, place)
		return func(next int32) int32 { return c.call(value, next) }, err
	}
	prefix, isList := s.Value("prefixItems").([]any)
	if _, ok := s.Get("prefixItems"); ok && !isList {
		return 0, fmt.Errorf("%s: prefixItems is no list", place)
	}
	rest, ok := s.Get("items")
	if _, isList := rest.([]any); isList {
		return 0, fmt.Errorf("%s: the keyword \"items\" with a list is not supported: write prefixItems", place)
	}
	if !ok {
		rest = len(prefix) == 0 || int(least) > len(prefix) // any values, where some are needed
	}
	var items []fixed
	for i, schema := range prefix {
		if int32(i) >= most {
			break
		}
		read, err := item(schema, fmt.Sprintf("%s/prefixItems/%d", place, i))
		if err != nil {
			return 0, err
		}
		items = append(items, fixed{read: read})
	}
	if len(items) > int(least) { // shorter tuples are allowed, but the full one is written
		least = int32(len(items))
	}
	var others part
	if rest != false {
		if others, err = item(rest, place+"/items"); err != nil {
			return 0, err
		}
	}
	n := int32(len(items))
	if most != unbounded {
		most -= n
	}
	return c.list('[', ']', items, others, least-n, most, next), nil
}

// texts reads a list of strings.
func texts(s *pyjson.Object, key, place string) ([]string, error) {
	v, ok := s.Get(key)
	if !ok {
		return nil, nil
	}
	list, isList := v.([]any)
	var out []string
	for _, item := range list {
		text, isText := item.(string)
		isList = isList && isText
		out = append(out, text)
	}
	if !isList {
		return nil, fmt.Errorf("%s: %s is no list of strings", place, key)
	}
	return out, nil
}
