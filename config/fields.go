package config

import (
	"fmt"
	"reflect"
	"strings"
)

// field is one key of a struct.
type field struct {
	key     string
	index   int
	name    string // the Go field
	section string // set on the first field of a group: heads a table in Reference
	limit   limit
}

// fieldsOf lists the fields of a struct that have a yaml tag. A malformed accept tag is a mistake of the program: it panics.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if key == "" || key == "-" || !f.IsExported() {
			continue
		}
		limit, err := parseLimit(f.Tag.Get("accept"), f.Type)
		if err != nil {
			panic(fmt.Sprintf("config: field %s.%s: %v", t, f.Name, err))
		}
		fields = append(fields, field{key: key, index: i, name: f.Name, section: f.Tag.Get("section"), limit: limit})
	}
	return fields
}
