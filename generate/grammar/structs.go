package grammar

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// SchemaOf is the JSON Schema of a Go type as encoding/json writes it: the fields of structs in their order under their json
// names, pointers nullable, slices and arrays lists, maps objects of any keys. A tag schema:"..." on a field adds keywords
// as a JSON object: `schema:"{\"enum\": [\"city\", \"country\"]}"`. Fields with omitempty or omitzero need not be there.
func SchemaOf(t reflect.Type) ([]byte, error) {
	w := structSchemas{names: map[reflect.Type]string{}, definitions: pyjson.NewObject()}
	root, err := w.of(t)
	if err != nil {
		return nil, fmt.Errorf("grammar: %w", err)
	}
	schema := pyjson.NewObject()
	for key, v := range root.All() {
		schema.Set(key, v)
	}
	if w.definitions.Len() > 0 {
		schema.Set("$defs", w.definitions)
	}
	return pyjson.Marshal(schema, pyjson.Options{})
}

type structSchemas struct {
	names       map[reflect.Type]string
	definitions *pyjson.Object
}

func (w *structSchemas) of(t reflect.Type) (*pyjson.Object, error) {
	if t.Implements(reflect.TypeFor[json.Marshaler]()) || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Marshaler]()) {
		return nil, fmt.Errorf("%v writes its JSON itself: give its schema", t)
	}
	switch t.Kind() {
	case reflect.Bool:
		return pyjson.NewObject("type", "boolean"), nil
	case reflect.String:
		return pyjson.NewObject("type", "string"), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if bits := t.Bits(); bits < 64 {
			return pyjson.NewObject("type", "integer", "minimum", whole(-1<<(bits-1)), "maximum", whole(1<<(bits-1)-1)), nil
		}
		return pyjson.NewObject("type", "integer"), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		o := pyjson.NewObject("type", "integer", "minimum", whole(0))
		if bits := t.Bits(); bits < 64 {
			o.Set("maximum", whole(1<<bits-1))
		}
		return o, nil
	case reflect.Float32, reflect.Float64:
		return pyjson.NewObject("type", "number"), nil
	case reflect.Interface:
		return pyjson.NewObject(), nil
	case reflect.Pointer:
		inner, err := w.of(t.Elem())
		return pyjson.NewObject("anyOf", []any{inner, pyjson.NewObject("type", "null")}), err
	case reflect.Slice, reflect.Array:
		if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
			return pyjson.NewObject("type", "string", "pattern", "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"), nil
		}
		item, err := w.of(t.Elem())
		o := pyjson.NewObject("type", "array", "items", item)
		if t.Kind() == reflect.Array {
			o.Set("minItems", whole(t.Len()))
			o.Set("maxItems", whole(t.Len()))
		}
		return o, err
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return nil, fmt.Errorf("%v: keys of JSON objects are strings", t)
		}
		item, err := w.of(t.Elem())
		return pyjson.NewObject("type", "object", "additionalProperties", item), err
	case reflect.Struct:
		return w.structure(t)
	}
	return nil, fmt.Errorf("%v has no JSON", t)
}

func whole(n int) pyjson.Int { return pyjson.Int(fmt.Sprint(n)) }

// structure refers to a struct's definition, so that a struct may contain itself.
func (w *structSchemas) structure(t reflect.Type) (*pyjson.Object, error) {
	name, known := w.names[t]
	if !known {
		name = fmt.Sprintf("%s%d", t.Name(), len(w.names))
		w.names[t] = name
		properties, required := pyjson.NewObject(), []any{}
		for _, field := range reflect.VisibleFields(t) {
			if err := w.field(t, field, properties, &required); err != nil {
				return nil, err
			}
		}
		w.definitions.Set(name, pyjson.NewObject("type", "object", "properties", properties, "required", required, "additionalProperties", false))
	}
	return pyjson.NewObject("$ref", "#/$defs/"+name), nil
}

func (w *structSchemas) field(t reflect.Type, field reflect.StructField, properties *pyjson.Object, required *[]any) error {
	tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
	if !field.IsExported() || tag == "-" && options == "" {
		return nil
	}
	if field.Anonymous && tag == "" && field.Type.Kind() == reflect.Struct {
		return nil // its fields are visible themselves
	}
	if len(field.Index) > 1 {
		for i := 1; i < len(field.Index); i++ {
			outer := t.FieldByIndex(field.Index[:i])
			if outer.Tag.Get("json") != "" || outer.Type.Kind() != reflect.Struct {
				return nil // inside a field with a name of its own
			}
		}
	}
	if tag == "" {
		tag = field.Name
	}
	schema, err := w.of(field.Type)
	if err != nil {
		return fmt.Errorf("%v.%s: %w", t, field.Name, err)
	}
	if more, ok := field.Tag.Lookup("schema"); ok {
		v, err := pyjson.Unmarshal(more)
		keywords, isObject := v.(*pyjson.Object)
		if err != nil || !isObject {
			return fmt.Errorf("%v.%s: the tag schema is no JSON object: %s", t, field.Name, more)
		}
		for key, v := range keywords.All() {
			if slices.Contains(combiners, key) { // which stands alone
				schema = pyjson.NewObject(key, v)
				break
			}
			schema.Set(key, v)
		}
	}
	properties.Set(tag, schema)
	if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
		*required = append(*required, tag)
	}
	return nil
}
