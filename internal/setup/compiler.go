package setup

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// compiler is a C++ compiler of this machine.
type compiler struct {
	command []string // from $CXX it may carry arguments: "ccache g++"
	version string   // the first line of --version
}

// findCompiler takes $CXX, else the first of g++, clang++ and c++ that answers.
func findCompiler(ctx context.Context) (compiler, error) {
	if named := strings.Fields(os.Getenv("CXX")); len(named) > 0 {
		c, err := tryCompiler(ctx, named)
		if err != nil {
			return c, fmt.Errorf("the C++ compiler that CXX names does not run: %w", err)
		}
		return c, nil
	}
	for _, name := range []string{"g++", "clang++", "c++"} {
		if c, err := tryCompiler(ctx, []string{name}); err == nil {
			return c, nil
		}
	}
	return compiler{}, fmt.Errorf("no C++ compiler (g++ or clang++): %s", installCompiler())
}

func tryCompiler(ctx context.Context, command []string) (compiler, error) {
	out, err := exec.CommandContext(ctx, command[0], slices.Concat(command[1:], []string{"--version"})...).Output()
	if err != nil {
		return compiler{}, fmt.Errorf("%s --version: %w", strings.Join(command, " "), err)
	}
	first, _, _ := bytes.Cut(out, []byte("\n"))
	return compiler{command: command, version: string(first)}, nil
}

// installCompiler is how one gets a compiler here.
func installCompiler() string {
	if runtime.GOOS == "darwin" {
		return "install one with: xcode-select --install"
	}
	for _, m := range []struct{ program, command string }{
		{"apt-get", "apt-get install g++"},
		{"dnf", "dnf install gcc-c++"},
		{"apk", "apk add g++"},
		{"pacman", "pacman -S gcc"},
		{"zypper", "zypper install gcc-c++"},
	} {
		if _, err := exec.LookPath(m.program); err == nil {
			return "install one with: " + m.command
		}
	}
	return "install one, or name it in CXX"
}

// run runs the compiler in dir. What it wrote is in the error.
func (c compiler) run(ctx context.Context, dir string, args ...string) error {
	args = slices.Concat(c.command[1:], args)
	cmd := exec.CommandContext(ctx, c.command[0], args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, firstLines(out, 40))
	}
	return nil
}

func firstLines(text []byte, n int) []byte {
	lines := bytes.SplitAfterN(bytes.TrimSpace(text), []byte("\n"), n+1)
	if len(lines) > n {
		lines[n] = []byte("... (cut)")
	}
	return bytes.Join(lines, nil)
}
