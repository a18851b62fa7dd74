package setup

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/internal/library"
)

func unpackToy(t *testing.T, content []byte, cuda bool) (dir string, err error) {
	t.Helper()
	root := t.TempDir()
	file, dir := filepath.Join(root, "toy.whl"), filepath.Join(root, "out")
	require.NoError(t, os.WriteFile(file, content, 0o644))
	return dir, unpackWheel(context.Background(), file, dir, Wheel{Project: "toy"}, cuda, func(Event) {})
}

func filesUnder(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(dir, path)
			names = append(names, name)
		}
		return err
	}))
	return names
}

func TestOnlyLibrariesHeadersAndLicencesAreUnpacked(t *testing.T) {
	cpu := []string{
		"nvidia/cu13/lib/libcudart.so.13",
		"nvidia/cu13/lib/libcupti.so.2025.3",
		"nvidia/cusparselt/LICENSE.txt",
		"torch-2.11.0.dist-info/licenses/LICENSE",
		"torch-2.11.0.dist-info/licenses/a/NOTICE",
		"torch/include/ATen/core/Tensor.h",
		"torch/lib/libc10" + library.LibrarySuffix,
		"torch/lib/libtorch_cpu" + library.LibrarySuffix,
		"torch/version.py",
	}
	dir, err := unpackToy(t, zipped(t, toyTorch(t)), false)
	require.NoError(t, err)
	require.ElementsMatch(t, cpu, filesUnder(t, dir))

	dir, err = unpackToy(t, zipped(t, toyTorch(t)), true)
	require.NoError(t, err)
	cuda := append(cpu, "nvidia/cu13/include/cuda_bf16.h", "nvidia/cu13/lib/libcublas.so.13", "torch/lib/libtorch_cuda.so")
	require.ElementsMatch(t, cuda, filesUnder(t, dir))
}

func TestADamagedWheelIsRefused(t *testing.T) {
	whole := zipped(t, map[string]string{"torch/lib/libc10.so": string(make([]byte, 100_000)), "torch/version.py": "x"})
	broken := slices.Clone(whole)
	for i := 60; i < 80; i++ { // inside the first entry
		broken[i] ^= 0x55
	}
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"cut off", whole[:len(whole)/2], "not a whole zip archive"},
		{"empty", nil, "not a whole zip archive"},
		{"flipped bits", broken, "torch/lib/libc10.so: "},
		{"path out of the directory", zipped(t, map[string]string{"torch/include/../../../evil.h": "x"}), "is not a file inside the archive's directory"},
		{"something else", zipped(t, map[string]string{"README.md": "x"}), "no library in it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, err := unpackToy(t, c.content, false)
			require.ErrorContains(t, err, c.want)
			require.NoFileExists(t, filepath.Join(dir, "..", "evil.h"))
		})
	}
}
