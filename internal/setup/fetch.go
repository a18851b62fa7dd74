package setup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// source is a way to get a wheel: pip, or the package index that pip's settings name.
type source interface {
	// get puts the file w.File into dir. It may leave part of it there under another name and go on from that the next
	// time.
	get(ctx context.Context, w Wheel, dir string, report func(Event)) error
	String() string
}

// findSource prefers pip, which knows every setting, certificate and cache of its own.
func findSource(ctx context.Context) (source, error) {
	if p, ok := findPip(ctx); ok {
		return p, nil
	}
	settings, err := readPipSettings()
	if err != nil {
		return nil, err
	}
	if !settings.named() {
		return nil, errors.New("no pip on this machine, and no package index in pip's settings: install pip (for example with the package python3-pip), set PIP_INDEX_URL to the address of a package index, or name an existing libtorch with --torch")
	}
	return &index{settings: settings}, nil
}

// fetchWheel returns the path of the wheel in dir, got from the source where it is not there yet, with the hash that the
// lock file has. A file with another hash is removed: no next attempt starts from it.
func fetchWheel(ctx context.Context, s source, w Wheel, dir string, report func(Event)) (string, error) {
	path := filepath.Join(dir, w.File)
	if _, err := os.Stat(path); err != nil {
		begun := Event{Stage: Fetch, Name: w.Project, Total: w.Bytes}
		if part, err := os.Stat(path + partSuffix); err == nil {
			begun.Done = min(part.Size(), w.Bytes-1)
		}
		report(begun)
		if err := s.get(ctx, w, dir, report); err != nil {
			return "", fmt.Errorf("cannot fetch %s %s through %s: %w", w.Project, w.Version, s, err)
		}
		report(Event{Stage: Fetch, Name: w.Project, Done: w.Bytes, Total: w.Bytes})
	}
	return path, checkWheel(ctx, path, w, report)
}

// checkWheel compares size and SHA-256 with the lock file's, and removes a file that differs.
func checkWheel(ctx context.Context, path string, w Wheel, report func(Event)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != w.Bytes {
		err := fmt.Errorf("%s: %d bytes, but torch.lock says %d: the file is incomplete or another one; it is removed, run set-up again", w.File, info.Size(), w.Bytes)
		return errors.Join(err, os.Remove(path))
	}
	h := sha256.New()
	meter := &meter{ctx: ctx, report: report, event: Event{Stage: Check, Name: w.Project, Total: w.Bytes}}
	meter.start()
	if _, err := io.Copy(io.MultiWriter(h, meter), f); err != nil {
		return err
	}
	meter.finish()
	if sum := hex.EncodeToString(h.Sum(nil)); sum != w.SHA256 {
		err := fmt.Errorf("%s: its SHA-256 is %s, but torch.lock says %s: the file is damaged or another one; it is removed, run set-up again", w.File, sum, w.SHA256)
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// meter counts the bytes written to it into events, and stops the copy when its context ends.
type meter struct {
	ctx    context.Context
	report func(Event)
	event  Event
}

// meterStep keeps the events few: one per this many bytes.
const meterStep = 4 << 20

func (m *meter) start() { m.report(m.event) }

func (m *meter) Write(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	before := m.event.Done / meterStep
	m.event.Done += int64(len(p))
	if m.event.Done/meterStep != before && m.event.Done < m.event.Total {
		m.report(m.event)
	}
	return len(p), nil
}

func (m *meter) finish() {
	m.event.Done = m.event.Total
	m.report(m.event)
}

// checkSpace refuses to begin what the disk has no room for: the wheels, of which have bytes are here, and what they unpack
// to: 0.92 times their size, and with the CUDA libraries, which pack better, 1.52 times (measured on linux/amd64).
func checkSpace(dir string, wheels []Wheel, have int64, cuda bool) error {
	var packed int64
	for _, w := range wheels {
		packed += w.Bytes
	}
	need := 2*packed - have
	if cuda {
		need = packed*26/10 - have
	}
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return nil // then writing will say it
	}
	if free := int64(stat.Bavail) * int64(stat.Bsize); free < need {
		return fmt.Errorf("%s: %s free, but libtorch needs %s there while it is set up: make room, or name another directory with AJOLOTE_CACHE", dir, formatBytes(free), formatBytes(need))
	}
	return nil
}

// bytesHere counts what earlier set-ups have fetched of the wheels.
func bytesHere(wheels []Wheel, dir string) int64 {
	var n int64
	for _, w := range wheels {
		for _, name := range []string{w.File, w.File + partSuffix} {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
				n += info.Size()
			}
		}
	}
	return n
}

func formatBytes(n int64) string {
	if n < 1e9 {
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
