package safetensors

// The header: reading it strictly. What the reference reader accepts is
// accepted (any order of keys, unknown keys in an entry, blanks around the
// object), with one exception: a name given twice is refused, where the
// reference silently takes the last.

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	metadataKey = "__metadata__"
	// maxHeaderBytes is the reference reader's limit.
	maxHeaderBytes = 100_000_000
)

// A FormatError lists what is wrong with one file.
type FormatError struct {
	File   string
	Faults []Fault // at least one
}

// A Fault is one thing wrong with a file.
type Fault struct {
	Tensor string // empty when the fault is not one tensor's
	Reason string
}

func (e *FormatError) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if t := e.Faults[0].Tensor; t != "" {
		b.WriteString(": tensor " + t)
	}
	b.WriteString(": " + e.Faults[0].Reason)
	if n := len(e.Faults) - 1; n > 0 {
		fmt.Fprintf(&b, " (and %d more such faults)", n)
	}
	return b.String()
}

// entry is one tensor of a header: where its bytes lie in the data section.
type entry struct {
	Spec
	begin, end int64
}

// header is a file's header, checked: the entries lie in the order of their
// bytes and fill the data section exactly.
type header struct {
	metadata map[string]string
	entries  []entry
	data     int64 // where the data section begins in the file
}

// readHeader reads and checks the header of a file of the given size.
func readHeader(file string, r io.ReaderAt, size int64) (*header, error) {
	fault := func(format string, args ...any) error {
		return &FormatError{file, []Fault{{Reason: fmt.Sprintf(format, args...)}}}
	}
	if size < 8 {
		return nil, fault("%d bytes are too few for a safetensors file: the download is incomplete, or it is another kind of file", size)
	}
	var prefix [8]byte
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, 8), prefix[:]); err != nil {
		return nil, fmt.Errorf("%s: reading the header's length: %w", file, err)
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	switch {
	case string(prefix[:7]) == "version":
		return nil, fault("this is a pointer of Git LFS, not the file itself: fetch it with `git lfs pull`")
	case length > maxHeaderBytes:
		return nil, fault("the header would be %d bytes long (at most %d are allowed): this is not a safetensors file", length, maxHeaderBytes)
	case int64(length) > size-8:
		return nil, fault("the header of %d bytes lies past the end of the file (%d): the download is incomplete", length, size)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(r, 8, int64(length)), text); err != nil {
		return nil, fmt.Errorf("%s: reading the header: %w", file, err)
	}
	h, faults := parseHeader(text)
	if len(faults) == 0 {
		h.data = 8 + int64(length)
		faults = h.place(size)
	}
	if len(faults) > 0 {
		return nil, &FormatError{file, faults}
	}
	return h, nil
}

// parseHeader reads the JSON of a header. A fault of the JSON itself ends it;
// faults of tensors are gathered.
func parseHeader(text []byte) (*header, []Fault) {
	whole := func(err error) []Fault {
		return []Fault{{Reason: "the header is not what the format asks for: " + err.Error()}}
	}
	if !utf8.Valid(text) {
		return nil, whole(errors.New("it is not UTF-8"))
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	h := new(header)
	var faults []Fault
	seen := map[string]bool{}
	err := eachKey(d, func(name string) error {
		if seen[name] {
			faults = append(faults, Fault{name, "the name stands in the header twice"})
		}
		seen[name] = true
		if name == metadataKey {
			var err error
			h.metadata, err = parseMetadata(d)
			return err
		}
		e := entry{Spec: Spec{Name: name}}
		fault, err := e.parse(d)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", name, err)
		}
		if fault != "" {
			faults = append(faults, Fault{name, fault})
		}
		h.entries = append(h.entries, e)
		return nil
	})
	if err == nil {
		if _, extra := d.Token(); extra != io.EOF {
			err = errors.New("something follows the closing brace")
		}
	}
	if err != nil {
		return nil, whole(err)
	}
	return h, faults
}

// eachKey reads an object and calls value for each key; value reads what
// stands there.
func eachKey(d *json.Decoder, value func(key string) error) error {
	t, err := token(d)
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return fmt.Errorf("an object is expected, not %v", t)
	}
	for d.More() {
		key, err := token(d)
		if err != nil {
			return err
		}
		if err := value(key.(string)); err != nil {
			return err
		}
	}
	_, err = token(d)
	return err
}

// token is d.Token with an end of the text named as such.
func token(d *json.Decoder) (json.Token, error) {
	t, err := d.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("%w (at byte %d)", err, d.InputOffset())
	}
	return t, nil
}

func parseMetadata(d *json.Decoder) (map[string]string, error) {
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return nil, fmt.Errorf("%s: %w", metadataKey, err)
	}
	var values map[string]*string // null is no string
	if err := json.Unmarshal(raw, &values); err != nil {
		return nil, fmt.Errorf("%s may only hold strings: %w", metadataKey, err)
	}
	metadata := make(map[string]string, len(values))
	for key, v := range values {
		if v == nil {
			return nil, fmt.Errorf("%s may only hold strings: %q is null", metadataKey, key)
		}
		metadata[key] = *v
	}
	return metadata, nil
}

// parse reads one tensor's object. It returns a fault of the tensor, or an
// error when the JSON itself is broken.
func (e *entry) parse(d *json.Decoder) (fault string, err error) {
	complain := func(format string, args ...any) {
		if fault == "" {
			fault = fmt.Sprintf(format, args...)
		}
	}
	seen := map[string]bool{}
	err = eachKey(d, func(key string) error {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		if seen[key] {
			complain("%s is given twice", key)
		}
		seen[key] = true
		switch key {
		case "dtype":
			var name string
			if json.Unmarshal(raw, &name) != nil {
				complain("dtype is no string: %s", short(raw))
			} else if dtype, err := ParseDType(name); err != nil {
				complain("%v", err)
			} else {
				e.DType = dtype
			}
		case "shape":
			shape, err := naturals(raw)
			if err != nil {
				complain("shape: %v", err)
			}
			e.Shape = shape
		case "data_offsets":
			at, err := naturals(raw)
			if err != nil {
				complain("data_offsets: %v", err)
			} else if len(at) != 2 {
				complain("data_offsets must be two numbers, not %s", short(raw))
			} else {
				e.begin, e.end = at[0], at[1]
			}
		}
		return nil
	})
	for _, key := range []string{"dtype", "shape", "data_offsets"} {
		if !seen[key] {
			complain("%s is missing", key)
		}
	}
	if fault == "" {
		if err := e.check(); err != nil {
			complain("%v", err)
		} else if e.end < e.begin || e.end-e.begin != e.Bytes() {
			complain("data_offsets %d..%d hold %d bytes, but shape %v of %s takes %d", e.begin, e.end, e.end-e.begin, e.Shape, e.DType, e.Bytes())
		}
	}
	return fault, err
}

// naturals reads an array of whole numbers from 0 on.
func naturals(raw json.RawMessage) ([]int64, error) {
	if raw[0] != '[' {
		return nil, fmt.Errorf("an array of whole numbers is expected, not %s", short(raw))
	}
	var numbers []json.RawMessage
	if err := json.Unmarshal(raw, &numbers); err != nil {
		return nil, err
	}
	out := make([]int64, len(numbers))
	for i, text := range numbers {
		n, err := strconv.ParseUint(string(text), 10, 64)
		if err != nil || n > math.MaxInt64 {
			return nil, fmt.Errorf("%s is not a whole number of the allowed range", short(text))
		}
		out[i] = int64(n)
	}
	return out, nil
}

// short quotes foreign text without letting it fill the screen.
func short(raw []byte) string {
	const limit = 60
	if len(raw) > limit {
		return string(raw[:limit]) + "..."
	}
	return string(raw)
}

// place sorts the entries by their place and checks that they fill the data
// section of a file of the given size: no hole, no overlap, nothing left over.
func (h *header) place(size int64) (faults []Fault) {
	slices.SortStableFunc(h.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	available := size - h.data
	var end int64
	for i, e := range h.entries {
		if e.end > available {
			faults = append(faults, Fault{e.Name, fmt.Sprintf("bytes %d..%d lie past the end of the file (%d): the download is incomplete",
				add(h.data, e.begin), add(h.data, e.end), size)})
		} else if e.begin < end {
			faults = append(faults, Fault{e.Name, fmt.Sprintf("bytes %d..%d overlap those of tensor %s", h.data+e.begin, h.data+e.end, h.entries[i-1].Name)})
		} else if e.begin > end {
			faults = append(faults, Fault{e.Name, fmt.Sprintf("bytes %d..%d before it belong to no tensor", h.data+end, h.data+e.begin)})
		}
		end = max(end, e.end)
	}
	if len(faults) == 0 && end < available {
		faults = append(faults, Fault{Reason: fmt.Sprintf("bytes %d..%d at the end belong to no tensor", h.data+end, size)})
	}
	return faults
}

// add is a+b, or the largest number when that is larger.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
