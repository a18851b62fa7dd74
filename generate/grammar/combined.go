package grammar

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// combined reads a value of a schema that refers to others or lists values.
func (c *compiler) combined(s *pyjson.Object, key, place string, next int32) (int32, error) {
	v := s.Value(key)
	switch key {
	case "$ref":
		if _, typed := s.Get("type"); typed {
			return 0, fmt.Errorf("%s: the keyword \"type\" beside \"$ref\" is not supported", place)
		}
		ref, _ := v.(string)
		target, err := c.resolve(ref)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", place, err)
		}
		step, err := c.sub(target, ref)
		return c.call(step, next), err
	case "const":
		return c.values(s, []any{v}, place, next)
	case "enum":
		list, ok := v.([]any)
		if !ok {
			return 0, fmt.Errorf("%s: enum is no list", place)
		}
		return c.values(s, list, place, next)
	}
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return 0, fmt.Errorf("%s: %s must be a list of schemas", place, key)
	}
	if _, typed := s.Get("type"); typed {
		return 0, fmt.Errorf("%s: the keyword \"type\" beside %q is not supported", place, key)
	}
	if key == "allOf" && len(list) > 1 {
		return 0, fmt.Errorf("%s: the keyword \"allOf\" with several schemas is not supported", place)
	}
	if key == "oneOf" {
		for i := range list {
			for j := range i {
				if !c.disjoint(list[i], list[j]) {
					return 0, fmt.Errorf("%s: the keyword \"oneOf\" is supported where the types, or the values of a required property, tell the schemas apart", place)
				}
			}
		}
	}
	var alts []int32
	for i, schema := range list {
		step, err := c.value(schema, fmt.Sprintf("%s/%s/%d", place, key, i), next)
		if err != nil {
			return 0, err
		}
		alts = append(alts, step)
	}
	return c.either(alts...), nil
}

// values reads one of the listed values, as far as they are of the schema's type.
func (c *compiler) values(s *pyjson.Object, list []any, place string, next int32) (int32, error) {
	types, err := typesOf(s, place)
	if err != nil {
		return 0, err
	}
	var alts []int32
	for _, v := range list {
		if types != nil && !slices.ContainsFunc(types, func(t string) bool { return isOf(v, t) }) {
			continue
		}
		step, err := c.literal(v, next)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", place, err)
		}
		alts = append(alts, step)
	}
	return c.either(alts...), nil
}

func isOf(v any, kind string) bool {
	switch v := v.(type) {
	case nil:
		return kind == "null"
	case bool:
		return kind == "boolean"
	case string:
		return kind == "string"
	case pyjson.Int:
		return kind == "integer" || kind == "number"
	case float64:
		return kind == "number" || kind == "integer" && v == float64(int64(v))
	case []any:
		return kind == "array"
	}
	return kind == "object"
}

// resolve finds what a reference within the schema points at.
func (c *compiler) resolve(ref string) (any, error) {
	pointer, ok := strings.CutPrefix(ref, "#")
	if !ok || pointer != "" && pointer[0] != '/' {
		return nil, fmt.Errorf("$ref %q: only places in the schema itself (#/$defs/name) are supported", ref)
	}
	at := c.root
	if pointer == "" {
		return at, nil
	}
	for step := range strings.SplitSeq(pointer[1:], "/") {
		if text, err := url.PathUnescape(step); err == nil {
			step = text
		}
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		found := false
		switch v := at.(type) {
		case *pyjson.Object:
			at, found = v.Get(step)
		case []any:
			if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(v) {
				at, found = v[i], true
			}
		}
		if !found {
			return nil, fmt.Errorf("$ref %q points at nothing", ref)
		}
	}
	return at, nil
}

func escapePointer(key string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(key) }

// disjoint says that no value can satisfy both schemas, as far as their types, lists of values and required properties tell.
func (c *compiler) disjoint(a, b any) bool {
	a, b = c.followed(a), c.followed(b)
	x, okX := a.(*pyjson.Object)
	y, okY := b.(*pyjson.Object)
	if !okX || !okY {
		return a == false || b == false
	}
	valuesX, listedX := listed(x)
	valuesY, listedY := listed(y)
	typesX, _ := typesOf(x, "")
	typesY, _ := typesOf(y, "")
	switch {
	case listedX && listedY:
		return !slices.ContainsFunc(valuesX, func(v any) bool {
			return slices.ContainsFunc(valuesY, func(w any) bool { return same(v, w) })
		})
	case listedX:
		return typesY != nil && !slices.ContainsFunc(valuesX, func(v any) bool { return ofAny(v, typesY) })
	case listedY:
		return typesX != nil && !slices.ContainsFunc(valuesY, func(v any) bool { return ofAny(v, typesX) })
	case typesX == nil || typesY == nil:
		return false
	}
	overlap := false
	for _, t := range typesX {
		for _, u := range typesY {
			overlap = overlap || t == u || t == "integer" && u == "number" || t == "number" && u == "integer"
		}
	}
	if !overlap {
		return true
	}
	if len(typesX) != 1 || len(typesY) != 1 || typesX[0] != "object" {
		return false
	}
	requiredX, _ := texts(x, "required", "")
	requiredY, _ := texts(y, "required", "")
	propertiesX, _ := x.Value("properties").(*pyjson.Object)
	propertiesY, _ := y.Value("properties").(*pyjson.Object)
	for _, key := range requiredX {
		if propertiesX != nil && propertiesY != nil && slices.Contains(requiredY, key) {
			p, okP := propertiesX.Get(key)
			q, okQ := propertiesY.Get(key)
			if okP && okQ && c.disjoint(p, q) {
				return true
			}
		}
	}
	return false
}

// followed is the schema that a chain of references ends at.
func (c *compiler) followed(schema any) any {
	for range 100 {
		s, ok := schema.(*pyjson.Object)
		if !ok {
			return schema
		}
		ref, ok := s.Value("$ref").(string)
		if !ok {
			return schema
		}
		target, err := c.resolve(ref)
		if err != nil {
			return schema
		}
		schema = target
	}
	return schema
}

func listed(s *pyjson.Object) ([]any, bool) {
	if v, ok := s.Get("const"); ok {
		return []any{v}, true
	}
	list, ok := s.Value("enum").([]any)
	return list, ok
}

func ofAny(v any, types []string) bool {
	return slices.ContainsFunc(types, func(t string) bool { return isOf(v, t) })
}

// same compares values as JSON Schema does: numbers by value.
func same(v, w any) bool {
	if x, ok := numberOf(v); ok {
		y, ok := numberOf(w)
		return ok && x == y
	}
	a, errA := pyjson.Marshal(v, pyjson.Options{SortKeys: true})
	b, errB := pyjson.Marshal(w, pyjson.Options{SortKeys: true})
	return errA == nil && errB == nil && string(a) == string(b)
}
