package library

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

var pythonVersion = regexp.MustCompile(`(?m)^__version__\s*=\s*['"]([^'"]+)['"]`)

// TorchVersion reads the version of the libtorch in a directory, "2.11.0+cu130": from version.py where it is the Python
// package torch, from build-version where it is a libtorch archive.
func TorchVersion(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "version.py"))
	if err == nil {
		if m := pythonVersion.FindSubmatch(text); m != nil {
			return string(m[1]), nil
		}
		return "", fmt.Errorf("%s: version.py names no __version__: not an installed torch", dir)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	text, err = os.ReadFile(filepath.Join(dir, "build-version"))
	if err != nil {
		return "", fmt.Errorf("%s: neither version.py nor build-version says which torch this is", dir)
	}
	return string(bytes.TrimSpace(text)), nil
}
