package setup

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/ajolote-ai/ajolote/internal/library"
)

// torchDir is a directory with a libtorch in it: lib/ and include/, as in the Python package torch or in a libtorch
// archive.
type torchDir struct {
	path     string
	version  string // "2.11.0+cu130"
	cxx11ABI bool   // its std::string is libstdc++'s of C++11
}

// openTorch looks for a libtorch of the pinned version at dir or, where dir is a site-packages directory, in dir/torch.
// withHeaders asks for the headers too.
func openTorch(dir, pinned string) (torchDir, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return torchDir{}, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return torchDir{}, fmt.Errorf("no libtorch: %w", err)
	}
	cpu := filepath.Join("lib", "libtorch_cpu"+library.LibrarySuffix)
	for _, candidate := range []string{dir, filepath.Join(dir, "torch"), filepath.Join(dir, "libtorch")} {
		if _, err := os.Stat(filepath.Join(candidate, cpu)); err == nil {
			return inspectTorch(candidate, pinned)
		}
	}
	return torchDir{}, fmt.Errorf("%s: no libtorch: neither %s nor torch/%[2]s is in it; name the directory of an installed Python torch (the one that holds version.py) or of a libtorch archive", dir, cpu)
}

func inspectTorch(path, pinned string) (torchDir, error) {
	t := torchDir{path: path}
	var err error
	if t.version, err = library.TorchVersion(path); err != nil {
		return t, err
	}
	if release, _, _ := strings.Cut(t.version, "+"); release != pinned {
		return t, fmt.Errorf("%s: torch %s, but this version of ajolote is made for torch %s: install that one, or leave --torch out and set-up fetches it", path, t.version, pinned)
	}
	header := filepath.Join(path, "include", "ATen", "core", "Tensor.h")
	if _, err := os.Stat(header); err != nil {
		return t, fmt.Errorf("%s: the headers are missing (%s): this libtorch cannot be compiled against", path, header)
	}
	if runtime.GOOS == "linux" {
		if t.cxx11ABI, err = usesCXX11Strings(filepath.Join(path, "lib", "libc10.so")); err != nil {
			return t, err
		}
	}
	return t, nil
}

// usesCXX11Strings looks for the name of the C++11 string among the symbols of the library. Torch's wheels changed from
// the old ABI to the new one between two versions, and a shim of the other kind does not link.
func usesCXX11Strings(path string) (bool, error) {
	file, err := elf.Open(path)
	if err != nil {
		return false, fmt.Errorf("%s: not a shared library: %w", path, err)
	}
	defer file.Close()
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return false, fmt.Errorf("%s: no symbols: %w", path, err)
	}
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF && strings.Contains(s.Name, "NSt7__cxx1112basic_string") {
			return true, nil
		}
	}
	return false, nil
}
