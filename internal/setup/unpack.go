package setup

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

// unpackWheel unpacks what a program needs of a wheel into dir: libraries, headers, the file that says torch's version,
// and the licences. A wheel is a zip archive in the layout of site-packages.
func unpackWheel(ctx context.Context, file, dir string, w Wheel, cuda bool, report func(Event)) error {
	archive, err := zip.OpenReader(file)
	if err != nil {
		return fmt.Errorf("%s: not a whole zip archive: %w", file, err)
	}
	defer archive.Close()
	var wanted []*zip.File
	var total uint64
	for _, f := range archive.File {
		if !wants(f.Name, cuda) {
			continue
		}
		if !filepath.IsLocal(f.Name) || !f.Mode().IsRegular() {
			return fmt.Errorf("%s: the entry %q is not a file inside the archive's directory", file, f.Name)
		}
		wanted = append(wanted, f)
		total += f.UncompressedSize64
	}
	if len(wanted) == 0 {
		return fmt.Errorf("%s: no library in it", file)
	}

	m := &meter{ctx: ctx, report: report, event: Event{Stage: Unpack, Name: w.Project, Total: int64(total)}}
	m.start()
	counted := &lockedWriter{to: m}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for _, f := range wanted {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := unpackFile(f, filepath.Join(dir, filepath.FromSlash(f.Name)), counted); err != nil {
				return fmt.Errorf("%s: %s: %w", file, f.Name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	m.finish()
	return nil
}

func unpackFile(f *zip.File, name string, counted io.Writer) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	// The reader checks the entry's size and CRC-32 at its end.
	_, err = io.Copy(io.MultiWriter(out, counted), in)
	return errors.Join(err, out.Close())
}

var (
	sharedLibrary = regexp.MustCompile(`\.(so(\.[0-9.]+)?|dylib)$`)
	licence       = regexp.MustCompile(`^([^/]+\.dist-info/licenses/.*|([^/]+\.dist-info|nvidia/[^/]+)/(?i:licen[sc]e|notice)[^/]*)$`)
	cudaHalf      = regexp.MustCompile(`^lib(torch_cuda|c10_cuda|torch_nvshmem|caffe2_nvrtc)`)
	// For Python, or links to both halves.
	pythonHalf = regexp.MustCompile(`^lib(torch_python|torch_global_deps|shm|torch)\.`)
	// libtorch_cpu is linked with these two although it calls them on a CUDA device alone.
	cudaForCPU = regexp.MustCompile(`^lib(cudart|cupti)\.so`)
)

// wants says whether the entry of a wheel is unpacked.
func wants(name string, cuda bool) bool {
	base := path.Base(name)
	switch {
	case strings.HasSuffix(name, "/"): // a directory
		return false
	case name == "torch/version.py" || licence.MatchString(name):
		return true
	case strings.HasPrefix(name, "torch/include/"):
		return true
	case strings.HasPrefix(name, "torch/lib/"):
		return sharedLibrary.MatchString(base) && !pythonHalf.MatchString(base) && (cuda || !cudaHalf.MatchString(base))
	case strings.HasPrefix(name, "nvidia/") && strings.Contains(name, "/lib/"):
		return sharedLibrary.MatchString(base) && (cuda || cudaForCPU.MatchString(base))
	case strings.HasPrefix(name, "nvidia/") && strings.Contains(name, "/include/"):
		return cuda // for kernels that are compiled at run time
	}
	return false
}

// lockedWriter lets goroutines write to one writer.
type lockedWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}
