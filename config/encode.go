package config

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Encode writes a struct as YAML, every key with its value, in the order of the fields. Reading the text into a copy of
// defaults gives the struct again.
//
// Keys that are absent both in value and in defaults (nil, empty text, empty list or map) are left out, and inside lists and
// nested structs all zero values, whose default is zero. Floats have a point and texts are quoted where YAML 1.1 would take
// them for something else, so that Python reads the same values. A text that is not UTF-8, a number that is not finite and a
// nil pointer whose default is not nil cannot be written; they are an error.
func Encode(value, defaults any) ([]byte, error) {
	v, base := reflect.Indirect(reflect.ValueOf(value)), reflect.Indirect(reflect.ValueOf(defaults))
	if v.Kind() != reflect.Struct || v.Type() != base.Type() {
		panic(fmt.Sprintf("config: Encode wants two structs of one type, not %T and %T", value, defaults))
	}
	root := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range fieldsOf(v.Type()) {
		x, standard := v.Field(f.index), base.Field(f.index)
		if isAbsent(x) && isAbsent(standard) {
			continue
		}
		if x.Kind() == reflect.Pointer && x.IsNil() {
			return nil, fmt.Errorf("configuration key %s: no value cannot be written, as the default is one", f.key)
		}
		node, err := encodeValue(x)
		if err != nil {
			return nil, fmt.Errorf("configuration key %s: %w", f.key, err)
		}
		root.Content = append(root.Content, textNode(f.key), node)
	}
	if len(root.Content) == 0 {
		return nil, nil
	}
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return text.Bytes(), encoder.Close()
}

// isAbsent tells whether a value is what a key without a value leaves in a struct that has no default for it.
func isAbsent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.String:
		return v.Len() == 0
	case reflect.Pointer, reflect.Interface:
		return v.IsNil()
	case reflect.Struct:
		return v.IsZero()
	}
	return false
}

func encodeValue(v reflect.Value) (*yaml.Node, error) {
	if m, ok := v.Interface().(yaml.Marshaler); ok {
		x, err := m.MarshalYAML()
		if err != nil {
			return nil, err
		}
		return encodeValue(reflect.ValueOf(x))
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return plainNode("!!null", "null"), nil
		}
		return encodeValue(v.Elem())
	case reflect.Struct:
		return encodeStruct(v)
	case reflect.Slice, reflect.Array:
		return encodeList(v)
	case reflect.Map:
		return encodeMap(v)
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return nil, fmt.Errorf("the text %q is not UTF-8", v.String())
		}
		return textNode(v.String()), nil
	case reflect.Bool:
		return plainNode("!!bool", strconv.FormatBool(v.Bool())), nil
	case reflect.Float32, reflect.Float64:
		text, err := formatFloat(v.Float(), v.Type().Bits())
		return plainNode("!!float", text), err
	}
	if v.IsValid() && (v.CanInt() || v.CanUint()) {
		return plainNode("!!int", fmt.Sprint(v.Interface())), nil
	}
	panic(fmt.Sprintf("config: fields of type %s are not supported", v.Type()))
}

func encodeStruct(v reflect.Value) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range fieldsOf(v.Type()) {
		if x := v.Field(f.index); !x.IsZero() {
			inner, err := encodeValue(x)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.key, err)
			}
			node.Content = append(node.Content, textNode(f.key), inner)
		}
	}
	return node, nil
}

func encodeList(v reflect.Value) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range v.Len() {
		inner, err := encodeValue(v.Index(i))
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		node.Content = append(node.Content, inner)
	}
	if len(node.Content) == 0 {
		node.Style = yaml.FlowStyle
	}
	return node, nil
}

func encodeMap(v reflect.Value) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for _, key := range sortedKeys(v) {
		if !utf8.ValidString(key.String()) {
			return nil, fmt.Errorf("the key %q is not UTF-8", key.String())
		}
		inner, err := encodeValue(v.MapIndex(key))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key.String(), err)
		}
		node.Content = append(node.Content, textNode(key.String()), inner)
	}
	if len(node.Content) == 0 {
		node.Style = yaml.FlowStyle
	}
	return node, nil
}

func plainNode(tag, text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
}

// plainWord is a text that no YAML version takes for anything else.
var plainWord = regexp.MustCompile(`^[A-Za-z_/~][A-Za-z0-9_./ -]*[A-Za-z0-9_/]$|^[A-Za-z_/]$`)

func textNode(text string) *yaml.Node {
	n := plainNode("!!str", text)
	if _, isBool := ParseBool(text); isBool || !plainWord.MatchString(text) || isReserved(text) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// isReserved tells whether a word means null, or y or n, which some readers of YAML 1.1 take for bools.
func isReserved(text string) bool {
	switch strings.ToLower(text) {
	case "null", "y", "n":
		return true
	}
	return false
}

// formatFloat writes the shortest digits that read back as the same number, always with a point, as YAML 1.1 demands of a
// number with an exponent.
func formatFloat(x float64, bits int) (string, error) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "", fmt.Errorf("%v is not a finite number", x)
	}
	text := strconv.FormatFloat(x, 'g', -1, bits)
	mantissa, exponent, hasExponent := strings.Cut(text, "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	if hasExponent {
		return mantissa + "e" + exponent, nil
	}
	return mantissa, nil
}
