package config

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Fault is one thing wrong with a configuration.
type Fault struct {
	// File, Line (from 1) and Override say where the value stands: in a file, or in an Options.Set entry, whose text
	// Override holds. All are zero for a fault found in a struct that was not read from a file.
	File     string
	Line     int
	Override string
	// Key is the path of the value: lora_r, datasets[0].type.
	Key string
	// Value as it was written.
	Value string
	// Problem says what is wrong; when it is empty, it is that the value is not what Accepts says.
	Problem string
	// Accepts says what would be accepted: "a whole number of at least 1".
	Accepts string
}

// Error returns the fault on one line: place, key, what is wrong, what would be accepted.
func (f Fault) Error() string {
	var b strings.Builder
	writePlace(&b, f.File, f.Line, f.Override)
	if f.Key != "" {
		b.WriteString(f.Key + ": ")
	}
	switch {
	case f.Problem == "":
		fmt.Fprintf(&b, "want %s, have %s", f.Accepts, shown(f.Value))
	case f.Accepts == "":
		b.WriteString(f.Problem)
	default:
		fmt.Fprintf(&b, "%s; want %s", f.Problem, f.Accepts)
	}
	return b.String()
}

// Faults is every fault of a configuration, in the order of the file. Values with errors.As.
type Faults []Fault

// Error lists all faults, one on a line.
func (f Faults) Error() string {
	if len(f) == 1 {
		return f[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d faults in the configuration:", len(f))
	for _, fault := range f {
		b.WriteString("\n  " + fault.Error())
	}
	return b.String()
}

// Err returns the faults as an error, nil when there are none.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// Notice is a word about something that is accepted: a key without effect here, an old name, a value that means another.
type Notice struct {
	File     string
	Line     int
	Override string
	Key      string
	Text     string
}

// String returns the notice on one line.
func (n Notice) String() string {
	var b strings.Builder
	writePlace(&b, n.File, n.Line, n.Override)
	if n.Key != "" {
		b.WriteString(n.Key + ": ")
	}
	b.WriteString(n.Text)
	return b.String()
}

func writePlace(b *strings.Builder, file string, line int, override string) {
	switch {
	case override != "":
		fmt.Fprintf(b, "--set %s: ", override)
	case file != "" && line > 0:
		fmt.Fprintf(b, "%s:%d: ", file, line)
	case file != "":
		fmt.Fprintf(b, "%s: ", file)
	}
}

// shown quotes a value for a message and cuts a long one.
func shown(value string) string {
	const longest = 60
	if utf8.RuneCountInString(value) > longest {
		value = string([]rune(value)[:longest]) + "…"
	}
	if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' }) || strings.TrimSpace(value) != value {
		return fmt.Sprintf("%q", value)
	}
	return value
}
