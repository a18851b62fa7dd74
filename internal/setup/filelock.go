package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// lockDirs locks directories against other set-ups, in other processes and in this one, and makes them where they are
// missing. It waits until ctx ends. The lock goes with the process, however that ends.
func lockDirs(ctx context.Context, report func(Event), dirs ...string) (unlock func(), err error) {
	slices.Sort(dirs) // one order for all, so that two set-ups do not wait for each other
	var files []*os.File
	unlock = func() {
		for _, f := range files {
			f.Close()
		}
	}
	for _, dir := range slices.Compact(dirs) {
		f, err := lockDir(ctx, report, dir)
		if err != nil {
			unlock()
			return nil, err
		}
		files = append(files, f)
	}
	return unlock, nil
}

func unwritable(err error) error {
	return fmt.Errorf("cannot set up: %w; AJOLOTE_CACHE names another cache directory, --dir another place for the result", err)
}

func lockDir(ctx context.Context, report func(Event), dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, unwritable(err)
	}
	// The file stays when the lock is given up: removing it would let two processes hold locks on two files of one name.
	f, err := os.OpenFile(filepath.Join(dir, ".setup.lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, unwritable(err)
	}
	for waited := false; ; waited = true {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, fmt.Errorf("cannot lock %s: %w", f.Name(), err)
		}
		if !waited {
			holder, _ := io.ReadAll(io.LimitReader(f, 64))
			report(Event{Stage: Wait, Name: strings.TrimSpace(string(holder))})
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	if err := f.Truncate(0); err == nil {
		fmt.Fprintf(io.NewOffsetWriter(f, 0), "process %d\n", os.Getpid())
	}
	return f, nil
}
