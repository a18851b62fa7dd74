package library

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/ajolote-ai/ajolote"
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
		dir := e.Only
		if abs, err := filepath.Abs(dir); err == nil {
			dir = abs
		}
		return setup + " --dir " + quote(dir)
	}
	return setup
}

const module = "github.com/ajolote-ai/ajolote"

// SetupCommand is the command line that sets the library up for this program, as it can be typed anywhere on this machine:
// by the name of the program where that is ajolote itself, else through Go, from the checkout that the program was compiled
// from or with the version of ajolote that it was built with.
func SetupCommand() string {
	if exe, err := os.Executable(); err == nil && filepath.Base(exe) == "ajolote" {
		return quote(os.Args[0]) + " setup"
	}
	if third := CheckoutDir(); third != "" {
		return "go -C " + quote(filepath.Dir(third)) + " run ./cmd/ajolote setup"
	}
	return "go run " + module + "/cmd/ajolote@" + moduleVersion() + " setup"
}

// moduleVersion is the version of ajolote that this program requires.
func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == module && m.Replace == nil {
				return m.Version
			}
		}
	}
	return "v" + ajolote.Version
}

// quote makes s one word of a shell's command line.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+=:,@%") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
