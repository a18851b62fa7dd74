package config

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// This file: single values. What a text means is decided by the type of the field it is for, so that 2e-4 is a number although
// YAML 1.1 (and so PyYAML) takes it for a string, and 0123 is a name where a name is wanted.

var decimal = regexp.MustCompile(`^[-+]?(\d+(_\d+)*)?(\.(\d+(_\d+)*)?)?([eE][-+]?\d+)?$`)

// readScalar reads a scalar into a bool, number or string. The value is untouched when it fails.
func readScalar(n *yaml.Node, into reflect.Value) error {
	if n.Kind != yaml.ScalarNode || hasForeignTag(n) {
		return ErrType
	}
	switch into.Kind() {
	case reflect.String:
		into.SetString(n.Value)
	case reflect.Bool:
		b, ok := ParseBool(n.Value)
		if !ok {
			return ErrType
		}
		into.SetBool(b)
	case reflect.Float32, reflect.Float64:
		x, err := parseNumber(n.Value)
		if err != nil || into.OverflowFloat(x) {
			return ErrType
		}
		into.SetFloat(x)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		x, err := parseWhole(n.Value)
		if err != nil || into.OverflowInt(x) {
			return ErrType
		}
		into.SetInt(x)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		x, err := parseWhole(n.Value)
		if err != nil || x < 0 || into.OverflowUint(uint64(x)) {
			return ErrType
		}
		into.SetUint(uint64(x))
	default:
		panic(fmt.Sprintf("config: fields of type %s are not supported", into.Type()))
	}
	return nil
}

// ParseBool reads what YAML 1.1, and so PyYAML, takes for a bool: true, yes, on and their opposites, in any case.
func ParseBool(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off":
		return false, true
	}
	return false, false
}

// parseNumber reads a finite decimal number; underscores may stand between digits.
func parseNumber(text string) (float64, error) {
	text = strings.TrimSpace(text)
	if !decimal.MatchString(text) || !strings.ContainsAny(text, "0123456789") {
		return 0, ErrType
	}
	x, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	if err != nil || math.IsInf(x, 0) {
		return 0, ErrType
	}
	return x, nil
}

// parseWhole reads a whole number: decimal, 0x…, 0b…, 0o… or, as in YAML 1.1, 0… octal; or a decimal number without a
// fractional part, such as 1e3 or 512.0.
func parseWhole(text string) (int64, error) {
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		return n, nil
	} else if errors.Is(err, strconv.ErrRange) {
		return 0, ErrType
	}
	x, err := parseNumber(text)
	if err != nil || x != math.Trunc(x) || math.Abs(x) > 1<<53 {
		return 0, ErrType
	}
	return int64(x), nil
}

// freeScalar reads a scalar that no field gives a type.
func freeScalar(n *yaml.Node) (any, error) {
	if hasForeignTag(n) {
		return nil, fmt.Errorf("the tag %s is not supported", n.Tag)
	}
	if isQuoted(n) || n.Tag == "!!str" {
		return n.Value, nil
	}
	if b, ok := ParseBool(n.Value); ok {
		return b, nil
	}
	if n.Value != strings.TrimSpace(n.Value) {
		return n.Value, nil
	}
	if whole, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
		return whole, nil
	}
	if x, err := parseNumber(n.Value); err == nil {
		return x, nil
	}
	return n.Value, nil
}

// hasForeignTag tells whether a node carries a tag beyond the plain ones: !!python/object, !!binary, !mine.
func hasForeignTag(n *yaml.Node) bool {
	if n.Style&yaml.TaggedStyle == 0 {
		return false
	}
	switch n.ShortTag() {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq":
		return false
	}
	return true
}
