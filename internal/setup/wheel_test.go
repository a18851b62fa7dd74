package setup

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/internal/library"
)

// zipped makes a wheel of files.
func zipped(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = f.Write([]byte(files[name]))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// wheelOf is the line of a lock file for these bytes.
func wheelOf(project string, content []byte) Wheel {
	sum := sha256.Sum256(content)
	return Wheel{
		Platform: runtime.GOOS + "/" + runtime.GOARCH, Project: project, Version: "2.11.0", File: project + "-2.11.0-py3-none-any.whl",
		Bytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
	}
}

// toyLibraries compiles, once, what a toy libtorch consists of.
var toyLibraries = sync.OnceValues(func() (map[string]string, error) {
	dir, err := os.MkdirTemp("", "toy-torch-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	files := map[string]string{}
	for name, source := range map[string]string{
		"libc10":       "#include <string>\nint c10_length(const std::string& s) { return s.size(); }",
		"libtorch_cpu": "int torch_answer() { return 42; }",
	} {
		name += library.LibrarySuffix
		cmd := exec.Command("c++", "-x", "c++", "-", "-shared", "-fPIC", "-o", filepath.Join(dir, name))
		cmd.Stdin = bytes.NewBufferString(source)
		if err := cmd.Run(); err != nil {
			return nil, err
		}
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		files["torch/lib/"+name] = string(content)
	}
	return files, nil
})

// toyTorch is a wheel with the layout of torch's and two functions.
func toyTorch(t *testing.T) map[string]string {
	t.Helper()
	if _, err := exec.LookPath("c++"); err != nil {
		t.Skip("no C++ compiler")
	}
	libraries, err := toyLibraries()
	require.NoError(t, err)
	files := map[string]string{
		"torch/version.py":                           "__version__ = '2.11.0+toy'\n",
		"torch/include/ATen/core/Tensor.h":           "int torch_answer();\n",
		"torch/__init__.py":                          "import torch\n",
		"torch/lib/libtorch_python.so":               "not for us",
		"torch/lib/libtorch_cuda.so":                 "not for a CPU",
		"torch/bin/test_api":                         "a test",
		"torch-2.11.0.dist-info/licenses/LICENSE":    "free",
		"torch-2.11.0.dist-info/licenses/a/NOTICE":   "freer",
		"nvidia/cusparselt/LICENSE.txt":              "with conditions",
		"torch-2.11.0.dist-info/METADATA":            "Metadata-Version: 2.1\nName: torch\nVersion: 2.11.0\n",
		"torch-2.11.0.dist-info/WHEEL":               "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: false\nTag: py3-none-any\n",
		"nvidia/cu13/lib/libcudart.so.13":            "needed by libtorch_cpu",
		"nvidia/cu13/lib/libcublas.so.13":            "not for a CPU",
		"nvidia/cu13/include/cuda_bf16.h":            "not for a CPU",
		"nvidia/cu13/lib/libcupti.so.2025.3":         "needed by libtorch_cpu",
		"nvidia/cu13/share/libcudart.so.13/notes.md": "not a library",
	}
	for name, content := range libraries {
		files[name] = content
	}
	return files
}
