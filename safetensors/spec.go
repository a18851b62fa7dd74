package safetensors

// What is known of a tensor without its bytes: name, type, shape.

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Spec declares a tensor: what a header says of it but its place.
type Spec struct {
	Name  string
	DType DType
	// Shape is outermost first, as in torch. An empty shape is a scalar (one
	// element); a 0 anywhere makes an empty tensor.
	Shape []int64
}

// Elements is the number of elements.
func (s Spec) Elements() int64 {
	n := int64(1)
	for _, d := range s.Shape {
		n *= d
	}
	return n
}

// Bytes is the size of the tensor's data in bytes.
func (s Spec) Bytes() int64 {
	n, bits := s.Elements(), int64(s.DType.Bits())
	return n/8*bits + n%8*bits/8 // n*bits could overflow where the size does not
}

// check returns why s cannot stand in a file, or nil.
func (s Spec) check() error {
	if !s.DType.valid() {
		return fmt.Errorf("no element type is given (%s)", s.DType)
	}
	n := int64(1)
	for _, d := range s.Shape {
		if d < 0 {
			return fmt.Errorf("shape %v has a negative dimension", s.Shape)
		}
		if d != 0 && n > math.MaxInt64/d {
			return errTooLarge(s)
		}
		n *= d
	}
	bits := int64(s.DType.Bits())
	if n/8 > (math.MaxInt64-64)/bits {
		return errTooLarge(s)
	}
	if n%8*bits%8 != 0 {
		return fmt.Errorf("shape %v of %s does not end at a whole byte", s.Shape, s.DType)
	}
	return nil
}

func errTooLarge(s Spec) error {
	return fmt.Errorf("shape %v of %s is too large to count its bytes", s.Shape, s.DType)
}

// checkAll reports every fault of a list of declarations at once: impossible
// shapes, names that are empty, reserved or given twice.
func checkAll(specs []Spec) error {
	var faults []error
	seen := make(map[string]bool, len(specs))
	for _, s := range specs {
		switch {
		case s.Name == "":
			faults = append(faults, errors.New("a tensor has no name"))
		case s.Name == metadataKey:
			faults = append(faults, fmt.Errorf("tensor %s: the name is reserved by the format", s.Name))
		case seen[s.Name]:
			faults = append(faults, fmt.Errorf("tensor %s is declared twice", s.Name))
		}
		seen[s.Name] = true
		if err := s.check(); err != nil {
			faults = append(faults, fmt.Errorf("tensor %s: %w", s.Name, err))
		}
	}
	return errors.Join(faults...)
}

// SortAsPython puts tensors in the order of the reference writer's files: by
// type (wide types first, in the reverse order of the [DType] constants), then
// by name. A file in this order has every tensor aligned to its element size.
func SortAsPython(specs []Spec) {
	slices.SortStableFunc(specs, func(a, b Spec) int {
		return cmp.Or(cmp.Compare(b.DType, a.DType), strings.Compare(a.Name, b.Name))
	})
}

// CompareNames orders tensor names as transformers 5 orders a model that it
// loaded from files (dot_natural_key): split at dots, parts that are numbers
// compared as numbers (layers.2 before layers.10) and put before words, words
// that end in a number compared by the word, then the number. It is a function
// for [slices.SortFunc].
func CompareNames(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		if c := compareParts(as[i], bs[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(as), len(bs))
}

func compareParts(a, b string) int {
	aWord := strings.TrimRight(a, "0123456789")
	bWord := strings.TrimRight(b, "0123456789")
	return cmp.Or(
		cmp.Compare(rank(a, aWord), rank(b, bWord)),
		strings.Compare(aWord, bWord),
		compareNumbers(a[len(aWord):], b[len(bWord):]),
	)
}

// rank puts numbers before words.
func rank(part, word string) int {
	if part != "" && word == "" {
		return 0
	}
	return 1
}

// compareNumbers compares runs of digits of any length; no digits come first.
func compareNumbers(a, b string) int {
	if a == "" || b == "" {
		return cmp.Compare(len(a), len(b))
	}
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
