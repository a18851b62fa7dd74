package library

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/ajolote-ai/ajolote"
)

// Key identifies what a library is built from: the first 12 hexadecimal digits of the SHA-256 of the C++ sources that this
// program carries and of the lock file. What belongs to the sources' own tests does not count.
var Key = sync.OnceValue(func() string {
	h := sha256.New()
	add := func(name, text string) { fmt.Fprintf(h, "%s %d\n%s", name, len(text), text) }
	// WalkDir visits in lexical order, so the hash does not depend on the file system.
	err := fs.WalkDir(ajolote.Sources, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.cc") || strings.HasSuffix(path, ".supp") {
			return err
		}
		text, err := ajolote.Sources.ReadFile(path)
		add(path, string(text))
		return err
	})
	if err != nil {
		panic(err) // embedded files do not fail to be read
	}
	add("torch.lock", ajolote.Lock)
	return hex.EncodeToString(h.Sum(nil))[:12]
})

// BuildName is the name of the directory, in the cache or in third_party, of the library that this program accepts.
func BuildName() string { return "ajolote-" + ajolote.Version + "-" + Key() }

// CacheDir is the directory where set-up keeps libtorch and, for an installed program, the built library:
// AJOLOTE_CACHE, else "ajolote" in the user's cache directory. An error says that the machine has neither.
func CacheDir() (string, error) {
	if dir := os.Getenv("AJOLOTE_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache directory: %w; set AJOLOTE_CACHE to one", err)
	}
	return filepath.Join(dir, "ajolote"), nil
}

// CheckoutDir is third_party of the checkout that this program was compiled from, or "" where it was compiled from the
// module cache, from a vendor directory or with -trimpath, or where the checkout is gone. The path comes from the
// compiler, not from the working directory: a program never opens a library because of where it was started.
func CheckoutDir() string {
	_, file, _, _ := runtime.Caller(0)
	return checkoutOf(file)
}

// checkoutOf takes the path of this source file.
func checkoutOf(file string) string {
	root := filepath.Dir(filepath.Dir(filepath.Dir(file)))
	if !filepath.IsAbs(root) || strings.Contains(filepath.Base(root), "@") { // ajolote@v0.1.0 is in the module cache
		return ""
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil { // a vendor directory keeps none
		return ""
	}
	return filepath.Join(root, "third_party")
}

// Manifest says what a library was built from. Set-up writes it beside the shim as ajolote.json.
type Manifest struct {
	Version  string `json:"version"`   // of ajolote
	Key      string `json:"key"`       // see Key
	Torch    string `json:"torch"`     // libtorch's version: "2.11.0+cu130"
	CXX11ABI bool   `json:"cxx11_abi"` // libtorch was compiled with libstdc++'s C++11 strings, and so was the shim
	Compiler string `json:"compiler"`  // its first line of --version
}

// ManifestName is the name of the manifest beside the shim.
const ManifestName = "ajolote.json"

// ReadManifest reads dir's manifest; the error wraps fs.ErrNotExist where there is none.
func ReadManifest(dir string) (Manifest, error) {
	var m Manifest
	text, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return Manifest{}, fmt.Errorf("%s is damaged: %w", ManifestName, err)
	}
	return m, nil
}

// Write writes the manifest into dir.
func (m Manifest) Write(dir string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, ManifestName), append(text, '\n'), 0o644)
}
