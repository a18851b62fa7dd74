package config

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"reflect"
	"slices"
	"strings"
)

// Reference writes the documentation of all keys of a struct in Markdown: a table for each group of fields (a field that
// begins one has the tag section:"Title") with key, accepted values, default and meaning, then a table for each struct inside
// it, then the rules by what they do.
//
// The meanings are the comments of the fields in the Go source given, so that a key is described in one place. Every field
// must have one; those that have none are named in the error. A test that compares the result with the document in the
// repository keeps the two together.
func Reference(w io.Writer, defaults any, rules []Rule, source ...[]byte) error {
	r := &reference{w: w, comments: map[string]string{}}
	for _, text := range source {
		if err := r.readComments(text); err != nil {
			return err
		}
	}
	v := reflect.Indirect(reflect.ValueOf(defaults))
	r.tables(v, "")
	for len(r.inner) > 0 {
		next := r.inner[0]
		r.inner = r.inner[1:]
		r.printf("\n## Inside `%s`\n", next.key)
		r.table(reflect.New(next.structure).Elem(), fieldsOf(next.structure), next.key)
	}
	r.rules(rules)
	return errors.Join(append(r.missing, r.err)...)
}

type reference struct {
	w        io.Writer
	comments map[string]string // Struct.Field: its comment on one line
	inner    []innerStruct     // structs whose table is still to come
	missing  []error
	err      error
}

type innerStruct struct {
	key       string
	structure reflect.Type
}

func (r *reference) printf(format string, args ...any) {
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.w, format, args...)
	}
}

// readComments collects the comments of all struct fields of a Go file.
func (r *reference) readComments(source []byte) error {
	file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.ParseComments)
	if err != nil {
		return fmt.Errorf("reading field comments: %w", err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		declared, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		structure, ok := declared.Type.(*ast.StructType)
		if !ok {
			return true
		}
		comment := ""
		for _, f := range structure.Fields.List {
			if f.Doc != nil { // a comment over a group holds for the lines below it that have none
				comment = strings.Join(strings.Fields(f.Doc.Text()), " ")
			}
			for _, name := range f.Names {
				r.comments[declared.Name.Name+"."+name.Name] = comment
			}
		}
		return true
	})
	return nil
}

// tables writes the fields of the outer struct, a table for each section.
func (r *reference) tables(v reflect.Value, path string) {
	fields := fieldsOf(v.Type())
	for len(fields) > 0 {
		end := 1
		for end < len(fields) && fields[end].section == "" {
			end++
		}
		if title := fields[0].section; title != "" {
			r.printf("\n## %s\n", title)
		}
		r.table(v, fields[:end], path)
		fields = fields[end:]
	}
}

func (r *reference) table(v reflect.Value, fields []field, path string) {
	r.printf("\n| key | accepts | default | meaning |\n| --- | --- | --- | --- |\n")
	for _, f := range fields {
		t := v.Type().Field(f.index).Type
		comment := r.comments[v.Type().Name()+"."+f.name]
		if comment == "" {
			r.missing = append(r.missing, fmt.Errorf("the field %s.%s has no comment", v.Type(), f.name))
		}
		r.printf("| `%s` | %s | %s | %s |\n", f.key, cell(f.limit.describe(t)), cell(r.standard(v.Field(f.index))), cell(comment))
		if inner := innermost(t); inner.Kind() == reflect.Struct && len(fieldsOf(inner)) > 0 {
			r.inner = append(r.inner, innerStruct{join(path, f.key), inner})
		}
	}
}

// standard shows a default as it would be written in YAML.
func (r *reference) standard(v reflect.Value) string {
	if isAbsent(v) {
		return "—"
	}
	node, err := encodeValue(v)
	if err != nil || node.Value == "" {
		return "—"
	}
	return "`" + node.Value + "`"
}

func (r *reference) rules(rules []Rule) {
	for _, group := range []struct {
		do    Action
		title string
	}{{Rename, "Renamed keys"}, {Ignore, "Keys without effect"}, {Refuse, "Refused keys"}} {
		chosen := slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool { return r.Do != group.do })
		if len(chosen) == 0 {
			continue
		}
		slices.SortStableFunc(chosen, func(a, b Rule) int { return cmp.Compare(a.Key, b.Key) })
		r.printf("\n## %s\n\n| key | |\n| --- | --- |\n", group.title)
		for _, rule := range chosen {
			text := rule.Why
			if rule.Do == Rename {
				text = "now `" + rule.To + "`"
			}
			if rule.Only != nil {
				text = "when " + oneOf(rule.Only) + ": " + text
			}
			r.printf("| `%s` | %s |\n", rule.Key, cell(text))
		}
	}
}

// cell makes a text fit into a table cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
