package library

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote"
)

// place makes a directory in the layout of a usable library.
func place(t *testing.T, dir string) {
	t.Helper()
	lib := filepath.Join(dir, "torch", "lib")
	require.NoError(t, os.MkdirAll(lib, 0o755))
	for _, name := range []string{filepath.Join(lib, "libtorch_cpu"+LibrarySuffix), filepath.Join(lib, "libc10"+LibrarySuffix), filepath.Join(dir, ShimName())} {
		require.NoError(t, os.WriteFile(name, nil, 0o644))
	}
	require.NoError(t, Manifest{Version: ajolote.Version, Key: Key()}.Write(dir))
}

// goRun is how a program of this checkout runs the command.
func goRun(t *testing.T) string {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	return "go -C " + root + " run ./cmd/ajolote"
}

func TestPlacesAreLookedAtInTheirOrder(t *testing.T) {
	const executable, cache, checkout = "executable", "cache", "checkout"
	for _, c := range []struct {
		have []string
		want string
	}{
		{[]string{executable, cache, checkout}, executable},
		{[]string{cache, checkout}, cache},
		{[]string{checkout}, checkout},
		{[]string{executable}, executable},
	} {
		t.Run(strings.Join(c.have, " "), func(t *testing.T) {
			root := t.TempDir()
			s := Search{Executable: filepath.Join(root, executable), Cache: filepath.Join(root, cache), Checkout: filepath.Join(root, checkout)}
			dirs := map[string]string{executable: s.Executable, cache: filepath.Join(s.Cache, BuildName()), checkout: filepath.Join(s.Checkout, BuildName())}
			for _, name := range c.have {
				place(t, dirs[name])
			}
			found, err := s.Find()
			require.NoError(t, err)
			require.Equal(t, dirs[c.want], found.Dir)
			require.Equal(t, filepath.Join(found.Dir, ShimName()), found.Shim)
			require.Equal(t, filepath.Join(found.Dir, "torch", "lib"), found.TorchLib)
			require.False(t, found.CUDA)
			last := found.Places[len(found.Places)-1]
			require.Equal(t, found.Dir, last.Dir)
			require.Empty(t, last.Refused)
			for _, p := range found.Places[:len(found.Places)-1] {
				require.Equal(t, "not there", p.Refused)
			}
		})
	}
}

func TestTheOverrideIsTheOnlyPlace(t *testing.T) {
	root := t.TempDir()
	other := filepath.Join(root, "cache")
	place(t, filepath.Join(other, BuildName()))
	only := filepath.Join(root, "only")
	_, err := Search{Only: only, Cache: other}.Find()
	require.EqualError(t, err, "libajolote, the library over libtorch, was not found. Looked at:\n"+
		"  AJOLOTE_LIB ("+only+"): not there\n"+
		"To mend it, run: "+goRun(t)+" setup --dir "+only)

	place(t, only)
	t.Setenv(Override, only)
	found, err := Find()
	require.NoError(t, err)
	require.Equal(t, only, found.Dir)
	require.Equal(t, []Place{{Name: Override, Dir: only}}, found.Places)
}

func TestNotFoundListsEveryPlaceAndTheMend(t *testing.T) {
	root := t.TempDir()
	s := Search{Executable: root, Cache: filepath.Join(root, "c"), Checkout: filepath.Join(root, "third_party")}
	stale := filepath.Join(s.Checkout, BuildName())
	place(t, stale)
	require.NoError(t, Manifest{Key: "0123456789ab"}.Write(stale))
	_, err := s.Find()
	var missing *NotFoundError
	require.ErrorAs(t, err, &missing)
	require.EqualError(t, err, "libajolote, the library over libtorch, was not found. Looked at:\n"+
		"  beside the executable ("+root+"): no "+ShimName()+" in it\n"+
		"  user cache ("+filepath.Join(s.Cache, BuildName())+"): not there\n"+
		"  third_party of the checkout ("+stale+"): "+ShimName()+" was built from sources 0123456789ab, this program carries "+Key()+"\n"+
		"To mend it, run: "+goRun(t)+" setup")
}

func TestAPlaceIsRefusedWithItsReason(t *testing.T) {
	for _, c := range []struct {
		name, want string
		damage     func(t *testing.T, dir string)
	}{
		{"a file", "not a directory", func(t *testing.T, dir string) {
			require.NoError(t, os.RemoveAll(dir))
			require.NoError(t, os.WriteFile(dir, nil, 0o644))
		}},
		{"no shim", "no " + ShimName() + " in it", func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, ShimName())))
		}},
		{"damaged manifest", "ajolote.json is damaged: unexpected end of JSON input", func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, ManifestName), []byte("{"), 0o644))
		}},
		{"no libc10", ShimName() + " is there, but no torch/lib/libc10" + LibrarySuffix + " beside it", func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "torch", "lib", "libc10"+LibrarySuffix)))
		}},
		{"torch replaced", ShimName() + " was built with libtorch 2.11.0+cpu, but torch/ is now 2.12.0", func(t *testing.T, dir string) {
			require.NoError(t, Manifest{Key: Key(), Torch: "2.11.0+cpu"}.Write(dir))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "torch", "version.py"), []byte("__version__ = '2.12.0'\n"), 0o644))
		}},
		{"torch gone", ShimName() + " is there, but the libtorch it was linked with is not: no lib/libtorch_cpu" + LibrarySuffix + " in /no/such/torch", func(t *testing.T, dir string) {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "torch")))
			require.NoError(t, os.Symlink("/no/such/torch", filepath.Join(dir, "torch")))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "library")
			place(t, dir)
			_, err := Inspect(dir)
			require.NoError(t, err)
			c.damage(t, dir)
			_, err = Inspect(dir)
			require.EqualError(t, err, c.want)
		})
	}
}

func TestALibraryWithoutManifestIsTaken(t *testing.T) {
	dir := t.TempDir()
	place(t, dir)
	require.NoError(t, os.Remove(filepath.Join(dir, ManifestName)))
	found, err := Inspect(dir)
	require.NoError(t, err)
	require.Zero(t, found.Manifest)
}

func TestCUDANeedsItsCompanions(t *testing.T) {
	dir := t.TempDir()
	place(t, dir)
	write := func(path string) {
		path = filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, 0o644))
	}
	write("torch/lib/libtorch_cuda.so")
	found, err := Inspect(dir)
	require.NoError(t, err)
	require.False(t, found.CUDA, "a wheel of torch alone cannot open libtorch_cuda")
	write("nvidia/cu13/lib/libcublas.so.13")
	found, err = Inspect(dir)
	require.NoError(t, err)
	require.True(t, found.CUDA)
}

func TestOnlyACheckoutHasACheckoutDir(t *testing.T) {
	root := t.TempDir()
	source := func(module string, withGoMod bool) string {
		dir := filepath.Join(root, module)
		require.NoError(t, os.MkdirAll(dir, 0o755))
		if withGoMod {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), nil, 0o644))
		}
		return filepath.Join(dir, "internal", "library", "key.go")
	}
	require.Equal(t, filepath.Join(root, "src/ajolote/third_party"), checkoutOf(source("src/ajolote", true)))
	require.Empty(t, checkoutOf(source("mod/github.com/ajolote-ai/ajolote@v0.1.0", true)), "the module cache")
	require.Empty(t, checkoutOf(source("app/vendor/github.com/ajolote-ai/ajolote", false)), "a vendor directory")
	require.Empty(t, checkoutOf("github.com/ajolote-ai/ajolote/internal/library/key.go"), "-trimpath")
	require.Empty(t, checkoutOf(filepath.Join(root, "gone", "internal", "library", "key.go")))
	require.FileExists(t, filepath.Join(CheckoutDir(), "torch.lock"))
}

func TestTheCacheDirectoryCanBeNamed(t *testing.T) {
	t.Setenv("AJOLOTE_CACHE", "/somewhere")
	dir, err := CacheDir()
	require.NoError(t, err)
	require.Equal(t, "/somewhere", dir)
	t.Setenv("AJOLOTE_CACHE", "")
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	_, err = CacheDir()
	require.ErrorContains(t, err, "set AJOLOTE_CACHE to one")
}

func TestTheVersionOfTorchIsReadFromPackageAndArchive(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "build-version"), []byte("2.11.0+cpu\n"), 0o644))
	version, err := TorchVersion(dir)
	require.NoError(t, err)
	require.Equal(t, "2.11.0+cpu", version)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "version.py"), []byte("from typing import Optional\n__version__ = '2.11.0+cu130'\ndebug = False\n"), 0o644))
	version, err = TorchVersion(dir)
	require.NoError(t, err)
	require.Equal(t, "2.11.0+cu130", version)
}

func TestTheMendIsOneCommandLine(t *testing.T) {
	e := &NotFoundError{Only: "/opt/my lib's"}
	require.True(t, strings.HasSuffix(e.Mend(), ` setup --dir '/opt/my lib'\''s'`), e.Mend())
	require.True(t, strings.HasSuffix(Found{Dir: "/dist"}.Mend(), " setup --dir /dist --force"))
	require.True(t, strings.HasSuffix(Found{Dir: "/cache/" + BuildName()}.Mend(), " setup --force"))
}
