// Package config reads strict YAML into any struct whose fields carry a yaml tag, and reports every fault of a file at
// once: its key, its line, the value, and what would be accepted.
//
//	type Settings struct {
//		// Longest row in tokens.
//		SequenceLen int `yaml:"sequence_len" accept:"[1,)"`
//		// What to do with a longer one.
//		Excess string `yaml:"excess_length_strategy" accept:"drop|truncate|raise"`
//	}
//
//	settings := Settings{SequenceLen: 512, Excess: "drop"} // the defaults
//	document, err := config.Load("train.yml", &settings, config.Options{Set: []string{"sequence_len=2048"}})
//
// What differs from plain yaml.v3, and why:
//
//   - A key that no field has is a fault, with the nearest known key: a typing error must not train another model than the
//     one asked for. Rules name the keys of other programs that are to be ignored, refused with a reason, or renamed.
//   - A key that is there without a value is as good as absent: the default stays. Copied recipes are full of them.
//   - A key that occurs twice is a fault; aliases and merge keys (<<) are followed, within limits.
//   - A number is a number by the type of its field, not by the rules of a YAML version: 2e-4, .5, 1_000 and "3" all are. So
//     are yes, on, no, off where a field is a bool. A string field takes the text of any scalar as it stands.
//   - Numbers must be finite.
//
// After reading, the values are compared with their accept tags (Check), or, when the struct has a method Validate() error,
// with that, which begins by calling Check. When its error is Faults, each fault gets the line of its key and all are reported
// together with the faults of reading. A method Warnings() []Notice is called for what is accepted but deserves a word.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
)

// Options change how a document is read. The zero value is strict reading without rules.
type Options struct {
	// Rules for keys that no field of the struct has.
	Rules []Rule
	// Set holds values laid over the file, each as key=value, read by the same rules. The value is YAML; without one the key is
	// as if the file did not have it. An item of a list is datasets[0].path or datasets.0.path, and the index after the last
	// appends an item; a key that has a dot is quoted: lora_rank_pattern."layers.0.q_proj"=8.
	Set []string
}

// Validator is a struct that can check itself after reading. The error should be Faults; another error becomes one fault
// without a key.
type Validator interface{ Validate() error }

// Warner is a struct that has something to say about values that are accepted.
type Warner interface{ Warnings() []Notice }

// Document is what a file said, beside the values that went into the struct.
type Document struct {
	// Name of the file, as errors show it.
	Name string
	// Notices by line: ignored and renamed keys, and the struct's own Warnings.
	Notices []Notice

	places map[string]place // by key path
	isSet  map[string]bool  // keys that have a value
}

// place is where a key or value was written.
type place struct {
	line     int    // from 1; 0 when it is in no file
	override string // the text of the Options.Set entry it comes from
}

// Load reads the YAML file at path into the struct that into points to, which holds the defaults. The document is never
// nil. An error about values is Faults; the struct then holds what could be read.
func Load(path string, into any, options Options) (*Document, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return &Document{Name: path}, fmt.Errorf("configuration: %w", err)
	}
	return Parse(path, text, into, options)
}

// Parse is Load for a text that is at hand; name stands for the file in errors.
func Parse(name string, text []byte, into any, options Options) (*Document, error) {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() || target.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("config: Parse wants a pointer to a struct, not %T", into))
	}
	document := &Document{Name: name, places: map[string]place{}, isSet: map[string]bool{}}

	root, origins, faults := readTree(text, options.Set)
	if root == nil && len(faults) > 0 { // nothing was read, so nothing can be said of what is missing
		return document, document.finish(faults)
	}
	d := &decoder{document: document, rules: options.Rules, origins: origins, faults: faults}
	if root != nil {
		d.structure(root, target.Elem(), "")
	}
	faults = d.faults

	validate := func() error { return Check(into).Err() }
	if v, ok := into.(Validator); ok {
		validate = v.Validate
	}
	faults = append(faults, newFaults(validate(), faults)...)
	if w, ok := into.(Warner); ok && len(faults) == 0 {
		document.Notices = append(document.Notices, w.Warnings()...)
	}
	return document, document.finish(faults)
}

// newFaults returns what a validation found that reading had not: a value that could not be read kept its default, so what
// validation says of it, or of what it holds, misleads.
func newFaults(err error, reading Faults) Faults {
	if err == nil {
		return nil
	}
	var found Faults
	if !errors.As(err, &found) {
		return Faults{{Problem: err.Error()}}
	}
	return slices.DeleteFunc(slices.Clone(found), func(f Fault) bool {
		return slices.ContainsFunc(reading, func(r Fault) bool { return r.Key != "" && overlap(r.Key, f.Key) })
	})
}

// finish gives faults and notices their places and order.
func (d *Document) finish(faults Faults) error {
	for i := range faults {
		f := &faults[i]
		f.File = d.Name
		if f.Line == 0 && f.Override == "" {
			at := d.place(f.Key)
			f.Line, f.Override = at.line, at.override
		}
	}
	for i := range d.Notices {
		n := &d.Notices[i]
		n.File = d.Name
		if n.Line == 0 && n.Override == "" {
			at := d.place(n.Key)
			n.Line, n.Override = at.line, at.override
		}
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	slices.SortStableFunc(d.Notices, func(a, b Notice) int { return cmp.Compare(a.Line, b.Line) })
	if len(faults) == 0 {
		return nil
	}
	return faults
}

// IsSet tells whether the file or an override gives key a value. The key is a path as faults show it: datasets[0].path.
func (d *Document) IsSet(key string) bool { return d.isSet[key] }

// place is where key stands, or the nearest key around it.
func (d *Document) place(key string) place {
	for ; key != ""; key = parent(key) {
		if at, ok := d.places[key]; ok {
			return at
		}
	}
	return place{}
}
