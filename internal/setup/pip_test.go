package setup

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheTagsOfAWheelBecomePipsOptions(t *testing.T) {
	for file, want := range map[string]string{
		"torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl":                                    "--implementation=cp --abi=cp311 --python-version=311 --platform=manylinux_2_28_x86_64",
		"nvidia_nvtx-13.0.85-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.whl":               "--implementation=py --abi=none --python-version=3 --platform=manylinux1_x86_64 --platform=manylinux_2_5_x86_64",
		"nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl": "--implementation=py --abi=none --python-version=3 --platform=manylinux2014_aarch64 --platform=manylinux_2_17_aarch64",
	} {
		require.Equal(t, want, strings.Join(wheelTags(file), " "))
	}
}

// TestPipFetchesTheVeryFile runs the pip of this machine on a directory with three wheels of one version.
func TestPipFetchesTheVeryFile(t *testing.T) {
	p, ok := findPip(context.Background())
	if !ok {
		t.Skip("no pip")
	}
	links, dir := t.TempDir(), t.TempDir()
	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", links)
	content := zipped(t, toyTorch(t))
	w := wheelOf("torch", content)
	w.File = "torch-2.11.0-cp311-cp311-manylinux_2_28_aarch64.whl"
	for _, other := range []string{"torch-2.11.0-cp312-cp312-manylinux_2_28_aarch64.whl", "torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl"} {
		require.NoError(t, os.WriteFile(filepath.Join(links, other), []byte("another"), 0o644))
	}
	require.NoError(t, os.WriteFile(filepath.Join(links, w.File), content, 0o644))
	path, err := fetchWheel(context.Background(), p, w, dir, func(Event) {})
	require.NoError(t, err, "whatever Python and platform pip itself runs on")
	require.Equal(t, filepath.Join(dir, w.File), path)

	require.NoError(t, os.Remove(path))
	require.NoError(t, os.WriteFile(filepath.Join(links, w.File), zipped(t, map[string]string{"x": "y"}), 0o644))
	_, err = fetchWheel(context.Background(), p, w, dir, func(Event) {})
	require.ErrorContains(t, err, "cannot fetch torch 2.11.0 through pip")
	require.ErrorContains(t, err, "HASH", "pip says why")
	require.Empty(t, filesUnder(t, dir))
}

func TestPipsSettingsAreReadInPipsOrder(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "VIRTUAL_ENV", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CERT", "PIP_CONFIG_FILE"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_DIRS", filepath.Join(home, "site"))
	write := func(path, text string) {
		path = filepath.Join(home, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	write("site/pip/pip.conf", "[global]\nindex-url = http://site/simple\ncert = /site.pem\n")
	write(".config/pip/pip.conf", "; remarks\n# of two kinds\n[install]\nindex-url = http://install/simple\n[global]\nindex_url: http://user/simple\nextra-index-url =\n    http://one/simple\n    http://two/simple\n[download]\nfind-links = /wheels /more\n")
	got, err := readPipSettings()
	require.NoError(t, err)
	require.Equal(t, pipSettings{
		indexes: []string{"http://user/simple", "http://one/simple", "http://two/simple"}, findLinks: []string{"/wheels", "/more"}, cert: "/site.pem",
	}, got)

	t.Setenv("PIP_INDEX_URL", "https://env/simple")
	got, err = readPipSettings()
	require.NoError(t, err)
	require.Equal(t, "https://env/simple", got.indexes[0])

	t.Setenv("PIP_NO_INDEX", "1")
	got, err = readPipSettings()
	require.NoError(t, err)
	require.Empty(t, got.indexes)

	t.Setenv("PIP_NO_INDEX", "0")
	t.Setenv("PIP_INDEX_URL", "ftp://env")
	_, err = readPipSettings()
	require.EqualError(t, err, `pip's settings: index-url "ftp://env" is not an http or https address`)

	t.Setenv("PIP_CONFIG_FILE", os.DevNull)
	t.Setenv("PIP_INDEX_URL", "")
	got, err = readPipSettings()
	require.NoError(t, err)
	require.False(t, got.named())

	write("named.conf", "[global]\nnonsense\n")
	t.Setenv("PIP_CONFIG_FILE", filepath.Join(home, "named.conf"))
	_, err = readPipSettings()
	require.ErrorContains(t, err, `named.conf: line 2: no = in "nonsense"`)
}

func TestWithoutPipAndIndexTheErrorSaysWhatToDo(t *testing.T) {
	if runtime.GOOS == "darwin" {
		t.Skip("the settings of this Mac's user would be read")
	}
	t.Setenv("PATH", t.TempDir())
	t.Setenv("PIP_CONFIG_FILE", os.DevNull)
	for _, name := range []string{"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"} {
		t.Setenv(name, "")
	}
	_, err := findSource(context.Background())
	require.ErrorContains(t, err, "install pip")
	require.ErrorContains(t, err, "set PIP_INDEX_URL")
	require.ErrorContains(t, err, "--torch")
	t.Setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
	s, err := findSource(context.Background())
	require.NoError(t, err)
	require.IsType(t, &index{}, s)
}
