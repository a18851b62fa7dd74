package library

import (
	"os"
	"path/filepath"
	"strings"
)

// NotFoundError says that no place holds a usable library.
type NotFoundError struct {
	Places []Place // in the order they were looked at
	Only   string  // the value of AJOLOTE_LIB when that was the only place
}

// Error lists every place with its reason, one a line, and ends with the command that mends it.
func (e *NotFoundError) Error() string {
	var b strings.Builder
	b.WriteString("libajolote, the library over libtorch, was not found. Looked at:\n")
	for _, p := range e.Places {
		b.WriteString("  " + p.Name + " (" + p.Dir + "): " + p.Refused + "\n")
	}
	b.WriteString("To mend it, run: " + e.Mend())
	return b.String()
}

// Mend is the one command after which the library is found.
func (e *NotFoundError) Mend() string {
	setup := SetupCommand()
	if e.Only != "" {
		return setup + " --dir " + quote(e.Only)
	}
	return setup
}

// SetupCommand is the command line that sets the library up, as it can be typed where this program runs: by the name of
// the program where that is ajolote itself, else through Go, which works in the checkout and in every module that
// requires ajolote.
func SetupCommand() string {
	if exe, err := os.Executable(); err == nil && filepath.Base(exe) == "ajolote" {
		return quote(os.Args[0]) + " setup"
	}
	return "go run github.com/ajolote-ai/ajolote/cmd/ajolote setup"
}

// quote makes s one word of a shell's command line.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+=:,@%") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
