package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// pip fetches through the pip of this machine. pip chooses by the platform's tags, whichever Python runs it, and by the
// hash; what it has in its cache it does not fetch again. A broken download it begins again (from version 25.1 on it
// goes on), but a wheel that is whole is kept.
type pip struct {
	command []string
}

func (p pip) String() string { return strings.Join(p.command, " ") }

// findPip looks for a pip that runs.
func findPip(ctx context.Context) (pip, bool) {
	for _, command := range [][]string{{"pip3"}, {"pip"}, {"python3", "-m", "pip"}} {
		if exec.CommandContext(ctx, command[0], slices.Concat(command[1:], []string{"--version"})...).Run() == nil {
			return pip{command}, true
		}
	}
	return pip{}, false
}

func (p pip) get(ctx context.Context, w Wheel, dir string, report func(Event)) error {
	// pip writes to its temporary directory while it downloads: in one of our own its progress can be seen.
	work, err := os.MkdirTemp(dir, ".pip-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	requirement := filepath.Join(work, "requirement.txt")
	line := fmt.Sprintf("%s==%s --hash=sha256:%s\n", w.Project, w.Version, w.SHA256)
	if err := os.WriteFile(requirement, []byte(line), 0o644); err != nil {
		return err
	}
	args := slices.Concat(p.command[1:], []string{
		"download", "--no-deps", "--only-binary=:all:", "--no-input", "--progress-bar=off",
		"--disable-pip-version-check", "--dest=" + work, "--requirement=" + requirement,
	}, wheelTags(w.File))
	cmd := exec.CommandContext(ctx, p.command[0], args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+work)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 5 * time.Second
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return err
	}
	finished := make(chan error, 1)
	go func() { finished <- cmd.Wait() }()
	for running := true; running; {
		select {
		case err = <-finished:
			running = false
		case <-time.After(200 * time.Millisecond):
			if done := largestFile(work); done > 0 && done < w.Bytes {
				report(Event{Stage: Fetch, Name: w.Project, Done: done, Total: w.Bytes})
			}
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, lastLines(said.String(), 8))
	}
	err = os.Rename(filepath.Join(work, w.File), filepath.Join(dir, w.File))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("pip did not save %s\n%s", w.File, lastLines(said.String(), 8))
	}
	return err
}

// wheelTags turns the tags in a wheel's name, name-version-python-abi-platform.whl, into pip's options.
func wheelTags(file string) []string {
	parts := strings.Split(strings.TrimSuffix(file, ".whl"), "-")
	python, abi, platforms := parts[2], parts[3], parts[4]
	options := []string{"--implementation=" + python[:2], "--abi=" + abi, "--python-version=" + python[2:]}
	for _, platform := range strings.Split(platforms, ".") {
		options = append(options, "--platform="+platform)
	}
	return options
}

func largestFile(dir string) int64 {
	var largest int64
	filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			if info, err := entry.Info(); err == nil {
				largest = max(largest, info.Size())
			}
		}
		return nil
	})
	return largest
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
