package config

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// This file: the accept tag, which says what a field may hold.
//
//	accept:"[1,)"                  a number of at least 1; also (0,1), [0,1), (,10]
//	accept:"drop|truncate|raise"   one of these words
//	accept:"|all|turn"             one of these words or nothing
//	accept:"nonempty"              a text that is not empty
//
// On a list or a map the limit holds for each item, on a pointer for what it points to; nil is always accepted.

// limit is a parsed accept tag; the zero value accepts everything.
type limit struct {
	words       []string
	nonempty    bool
	numbers     bool
	low, high   float64 // infinite where the interval has no end
	withoutLow  bool    // the end itself is outside
	withoutHigh bool
}

func parseLimit(tag string, t reflect.Type) (limit, error) {
	numeric := isNumber(innermost(t))
	switch {
	case tag == "":
		return limit{}, nil
	case numeric != (strings.HasPrefix(tag, "[") || strings.HasPrefix(tag, "(")):
		return limit{}, fmt.Errorf("accept %q does not suit the type %s", tag, t)
	case tag == "nonempty":
		return limit{nonempty: true}, nil
	case !numeric:
		return limit{words: strings.Split(tag, "|")}, nil
	}
	l := limit{numbers: true, low: math.Inf(-1), high: math.Inf(1), withoutLow: tag[0] == '(', withoutHigh: strings.HasSuffix(tag, ")")}
	low, high, ok := strings.Cut(tag[1:max(1, len(tag)-1)], ",")
	if !ok || !l.withoutHigh && !strings.HasSuffix(tag, "]") {
		return limit{}, fmt.Errorf("accept %q is no interval", tag)
	}
	for _, end := range []struct {
		text string
		into *float64
	}{{low, &l.low}, {high, &l.high}} {
		if end.text == "" {
			continue
		}
		x, err := strconv.ParseFloat(end.text, 64)
		if err != nil {
			return limit{}, fmt.Errorf("accept %q: %w", tag, err)
		}
		*end.into = x
	}
	return l, nil
}

func innermost(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	return t
}

func isNumber(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return false
}

// allows tells whether v, a number or a text, is within the limit.
func (l limit) allows(v reflect.Value) bool {
	switch {
	case l.nonempty:
		return strings.TrimSpace(v.String()) != ""
	case l.words != nil:
		return slices.Contains(l.words, v.String())
	case !l.numbers:
		return true
	}
	var x float64
	switch {
	case v.CanInt():
		x = float64(v.Int())
	case v.CanUint():
		x = float64(v.Uint())
	default:
		x = v.Float()
	}
	return !math.IsNaN(x) && !math.IsInf(x, 0) &&
		(x > l.low || x == l.low && !l.withoutLow) && (x < l.high || x == l.high && !l.withoutHigh)
}

// describe says what a value of type t within the limit is.
func (l limit) describe(t reflect.Type) string {
	text := describeType(t)
	switch {
	case l.nonempty:
		return text + " that is not empty"
	case l.words != nil:
		return oneOf(l.words)
	case !l.numbers:
		return text
	}
	var ends []string
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	if !math.IsInf(l.low, 0) {
		ends = append(ends, map[bool]string{true: "above ", false: "of at least "}[l.withoutLow]+number(l.low))
	}
	if !math.IsInf(l.high, 0) {
		ends = append(ends, map[bool]string{true: "below ", false: "of at most "}[l.withoutHigh]+number(l.high))
	}
	return strings.TrimSpace(text + " " + strings.Join(ends, " and "))
}

// oneOf lists words for a reader: "drop, truncate or raise". An empty word stands for nothing and is named last.
func oneOf(words []string) string {
	var named []string
	for _, w := range words {
		if w != "" {
			named = append(named, w)
		}
	}
	if len(named) < len(words) {
		named = append(named, "nothing")
	}
	if len(named) == 1 {
		return named[0]
	}
	return strings.Join(named[:len(named)-1], ", ") + " or " + named[len(named)-1]
}

// Accepter is a type with a YAML form of its own (yaml.Unmarshaler) that can say what it accepts: "auto, true or false".
type Accepter interface{ Accepts() string }

// describeType says what values a type takes.
func describeType(t reflect.Type) string {
	if a, ok := reflect.New(t).Interface().(Accepter); ok {
		return a.Accepts()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return describeType(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list, each item " + describeType(t.Elem())
	case reflect.Map, reflect.Struct:
		return "a mapping (key: value)"
	case reflect.Interface:
		return "any value"
	}
	return "a whole number"
}

// Check compares every field of a struct, or of a pointer to one, with its accept tag, and every number with the rule that it
// is finite. A Validate method begins with it and appends what concerns several fields.
func Check(value any) Faults {
	v := reflect.Indirect(reflect.ValueOf(value))
	var faults Faults
	checkStruct(v, "", &faults)
	return faults
}

func checkStruct(v reflect.Value, path string, faults *Faults) {
	for _, f := range fieldsOf(v.Type()) {
		checkValue(v.Field(f.index), join(path, f.key), f.limit, faults)
	}
}

func checkValue(v reflect.Value, path string, l limit, faults *Faults) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			checkValue(v.Elem(), path, l, faults)
		}
	case reflect.Slice:
		for i := range v.Len() {
			checkValue(v.Index(i), item(path, i), l, faults)
		}
	case reflect.Map:
		for _, key := range sortedKeys(v) {
			checkValue(v.MapIndex(key), join(path, key.String()), l, faults)
		}
	case reflect.Struct:
		checkStruct(v, path, faults)
	case reflect.Float32, reflect.Float64:
		if x := v.Float(); math.IsNaN(x) || math.IsInf(x, 0) || !l.allows(v) {
			*faults = append(*faults, Fault{Key: path, Value: fmt.Sprint(x), Accepts: l.describe(v.Type())})
		}
	default:
		if (l.numbers || l.words != nil || l.nonempty) && !l.allows(v) {
			*faults = append(*faults, Fault{Key: path, Value: fmt.Sprint(v), Accepts: l.describe(v.Type())})
		}
	}
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}
