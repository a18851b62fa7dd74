package grammar

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// compiler makes the program of a schema. Its functions take the place in the schema, as a JSON pointer, for errors and for
// finding what has been compiled before.
type compiler struct {
	*builder
	o       Options
	root    any
	shared  map[string]int32 // subprograms of schemas, by place
	strings stringPrograms
	anyStep int32 // the subprogram of any value; 0 before there is one
}

// annotations are keywords that allow and forbid nothing.
var annotations = []string{"$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "examples",
	"deprecated", "readOnly", "writeOnly", "format", "contentEncoding", "contentMediaType", "$anchor", "$vocabulary"}

// perType are the keywords that say something about values of one type.
var perType = map[string][]string{
	"string":  {"minLength", "maxLength", "pattern"},
	"number":  {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
	"object":  {"properties", "required", "additionalProperties"},
	"array":   {"items", "prefixItems", "minItems", "maxItems"},
	"boolean": nil,
	"null":    nil,
}

// combiners are the keywords that stand alone.
var combiners = []string{"$ref", "enum", "const", "anyOf", "oneOf", "allOf"}

// sub is the subprogram of the schema at a place, compiled once; it may contain itself.
func (c *compiler) sub(schema any, place string) (int32, error) {
	if step, ok := c.shared[place]; ok {
		return step, nil
	}
	entry := c.add(node{op: opSplit})
	c.shared[place] = entry
	begin, err := c.value(schema, place, stepRet)
	c.nodes[entry].alts = []int32{begin}
	return entry, err
}

// value reads a value of a schema.
func (c *compiler) value(schema any, place string, next int32) (int32, error) {
	switch s := schema.(type) {
	case bool:
		if !s {
			return c.either(), nil
		}
		return c.anything(next), nil
	case *pyjson.Object:
		step, err := c.keywords(s, place, next)
		return step, err
	}
	return 0, fmt.Errorf("%s: a schema is an object, true or false", place)
}

func (c *compiler) keywords(s *pyjson.Object, place string, next int32) (int32, error) {
	var alone, others []string
	var kinds []string
	for key := range s.All() {
		switch {
		case slices.Contains(annotations, key) || key == "type":
		case slices.Contains(combiners, key):
			alone = append(alone, key)
		default:
			kind := kindOf(key)
			if kind == "" {
				return 0, fmt.Errorf("%s: the keyword %q is not supported", place, key)
			}
			others = append(others, key)
			if !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
	}
	if len(alone) > 1 {
		return 0, fmt.Errorf("%s: the keywords %q and %q beside each other are not supported", place, alone[0], alone[1])
	}
	if len(alone) == 1 {
		if len(others) > 0 {
			return 0, fmt.Errorf("%s: the keyword %q beside %q is not supported", place, others[0], alone[0])
		}
		return c.combined(s, alone[0], place, next)
	}
	types, err := typesOf(s, place)
	if err != nil {
		return 0, err
	}
	if types == nil {
		if types = kinds; len(kinds) == 0 {
			return c.anything(next), nil
		}
	}
	var alts []int32
	for _, kind := range types {
		step, err := c.typed(s, kind, place, next)
		if err != nil {
			return 0, err
		}
		alts = append(alts, step)
	}
	return c.either(alts...), nil
}

// kindOf is the type that a keyword is about; "" for unknown keywords.
func kindOf(key string) string {
	for kind, keys := range perType {
		if slices.Contains(keys, key) {
			return kind
		}
	}
	return ""
}

// typesOf reads the keyword type; nil when there is none.
func typesOf(s *pyjson.Object, place string) ([]string, error) {
	v, ok := s.Get("type")
	if !ok {
		return nil, nil
	}
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	var types []string
	for _, item := range list {
		name, _ := item.(string)
		if _, known := perType[name]; !known && name != "integer" {
			return nil, fmt.Errorf("%s: %v is no type", place, item)
		}
		types = append(types, name)
	}
	return types, nil
}

// typed reads a value of one type.
func (c *compiler) typed(s *pyjson.Object, kind, place string, next int32) (int32, error) {
	switch kind {
	case "null":
		return c.text("null", next), nil
	case "boolean":
		return c.either(c.text("true", next), c.text("false", next)), nil
	case "string":
		return c.stringOf(s, place, next)
	case "integer", "number":
		b, err := boundsOf(s, place)
		if err != nil {
			return 0, err
		}
		step, err := c.boundedNumber(b, kind == "integer", next)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", place, err)
		}
		return step, nil
	case "array":
		return c.arrayOf(s, place, next)
	}
	return c.objectOf(s, place, next)
}

func (c *compiler) stringOf(s *pyjson.Object, place string, next int32) (int32, error) {
	least, most, err := c.counts(s, "minLength", "maxLength", place)
	if err != nil {
		return 0, err
	}
	if v, ok := s.Get("pattern"); ok {
		if least > 0 || most != unbounded {
			return 0, fmt.Errorf("%s: the keyword \"pattern\" beside minLength or maxLength is not supported", place)
		}
		pattern, isText := v.(string)
		if !isText {
			return 0, fmt.Errorf("%s: pattern is no string", place)
		}
		step, err := c.patternString(pattern, next)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", place, err)
		}
		return step, nil
	}
	if least == 0 && most == unbounded {
		return c.freeString(next), nil
	}
	return c.countedString(least, most, next), nil
}

// maxCount is the greatest limit on characters or items.
const maxCount = 1 << 16

// counts reads a pair of limits.
func (c *compiler) counts(s *pyjson.Object, leastKey, mostKey, place string) (least, most int32, err error) {
	most = unbounded
	for key, to := range map[string]*int32{leastKey: &least, mostKey: &most} {
		v, ok := s.Get(key)
		if !ok {
			continue
		}
		f, isNumber := numberOf(v)
		if !isNumber || f < 0 || f != math.Trunc(f) || f > maxCount {
			return 0, 0, fmt.Errorf("%s: %s must be a whole number from 0 to %d", place, key, maxCount)
		}
		*to = int32(f)
	}
	if least > most {
		return 0, 0, fmt.Errorf("%s: %s is above %s", place, leastKey, mostKey)
	}
	return least, most, nil
}

func numberOf(v any) (float64, bool) {
	switch v := v.(type) {
	case pyjson.Int:
		f, err := strconv.ParseFloat(v.String(), 64)
		return f, err == nil
	case float64:
		return v, true
	}
	return 0, false
}

func boundsOf(s *pyjson.Object, place string) (bounds, error) {
	b := bounds{low: math.Inf(-1), high: math.Inf(1)}
	for _, key := range perType["number"] {
		v, ok := s.Get(key)
		if !ok {
			continue
		}
		f, isNumber := numberOf(v)
		if !isNumber {
			return b, fmt.Errorf("%s: %s must be a number", place, key)
		}
		open := strings.HasPrefix(key, "exclusive")
		if strings.HasSuffix(strings.ToLower(key), "minimum") {
			if f > b.low || f == b.low && open {
				b.low, b.openLow = f, open
			}
		} else if f < b.high || f == b.high && open {
			b.high, b.openHigh = f, open
		}
	}
	return b, nil
}

// anything reads any value.
func (c *compiler) anything(next int32) int32 {
	if c.anyStep == 0 {
		c.anyStep = c.add(node{op: opSplit})
		item := func(next int32) int32 { return c.call(c.anyStep, next) }
		pair := func(next int32) int32 { return c.freeString(c.text(c.colon(), item(next))) }
		alts := []int32{
			c.text("null", stepRet), c.text("true", stepRet), c.text("false", stepRet), c.freeString(stepRet), c.freeNumber(false, stepRet),
			c.list('[', ']', nil, item, 0, unbounded, stepRet), c.list('{', '}', nil, pair, 0, unbounded, stepRet),
		}
		c.nodes[c.anyStep].alts = alts
	}
	return c.call(c.anyStep, next)
}
