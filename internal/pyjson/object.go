// The ordered object: a Python dict with string keys.

package pyjson

import "iter"

// Object is a JSON object whose keys keep the order of their first appearance, as a Python dict does.
// The zero value is an empty object. It must not be copied after first use.
type Object struct {
	keys   []string
	values []any
	index  map[string]int // only once the object has more than indexFrom keys
}

// indexFrom is the size up to which looking through the keys one by one beats a map.
const indexFrom = 12

// NewObject makes an object of alternating keys and values: NewObject("id", 1, "lang", "CA").
// It panics when a key is not a string or the last value is missing, which only a slip in the caller's source can cause.
func NewObject(pairs ...any) *Object {
	if len(pairs)%2 != 0 {
		panic("pyjson.NewObject: a key without a value")
	}
	o := &Object{keys: make([]string, 0, len(pairs)/2), values: make([]any, 0, len(pairs)/2)}
	for i := 0; i < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1])
	}
	return o
}

// Len is the number of keys; a nil object has none.
func (o *Object) Len() int {
	if o == nil {
		return 0
	}
	return len(o.keys)
}

// Get returns the value of a key and whether the key is there. A nil object has no keys.
func (o *Object) Get(key string) (any, bool) {
	if i := o.find(key); i >= 0 {
		return o.values[i], true
	}
	return nil, false
}

// Value returns the value of a key, and nil (None) when the key is absent: Python's dict.get.
func (o *Object) Value(key string) any {
	v, _ := o.Get(key)
	return v
}

// Set gives a key its value. A key that is there already keeps its place.
func (o *Object) Set(key string, value any) {
	if i := o.find(key); i >= 0 {
		o.values[i] = value
		return
	}
	o.keys = append(o.keys, key)
	o.values = append(o.values, value)
	switch {
	case o.index != nil:
		o.index[key] = len(o.keys) - 1
	case len(o.keys) > indexFrom:
		o.index = make(map[string]int, 2*len(o.keys))
		for i, k := range o.keys {
			o.index[k] = i
		}
	}
}

// All yields keys and values in order. A nil object yields nothing.
func (o *Object) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		if o == nil {
			return
		}
		for i, k := range o.keys {
			if !yield(k, o.values[i]) {
				return
			}
		}
	}
}

// Clone returns an object with the same keys and values; the values themselves are shared.
func (o *Object) Clone() *Object {
	c := &Object{}
	for k, v := range o.All() {
		c.Set(k, v)
	}
	return c
}

// MarshalJSON lets an object be part of what encoding/json writes. That is standard JSON, so the non-finite numbers,
// which it lacks, become null.
func (o *Object) MarshalJSON() ([]byte, error) {
	if o == nil {
		return []byte("null"), nil
	}
	return Marshal(o, Options{ItemSeparator: ",", KeySeparator: ":", NonFiniteAsNull: true})
}

// UnmarshalJSON is the way back.
func (o *Object) UnmarshalJSON(data []byte) error {
	v, err := Unmarshal(string(data))
	if err != nil {
		return err
	}
	parsed, ok := v.(*Object)
	if !ok {
		return &TypeError{Want: "an object", Got: v}
	}
	*o = *parsed
	return nil
}

func (o *Object) find(key string) int {
	if o == nil {
		return -1
	}
	if o.index != nil {
		if i, ok := o.index[key]; ok {
			return i
		}
		return -1
	}
	for i, k := range o.keys {
		if k == key {
			return i
		}
	}
	return -1
}
