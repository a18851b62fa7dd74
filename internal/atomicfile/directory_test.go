package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestADirectoryAppearsWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model") + "/"
	write := func(name string, fault error) func(string) error {
		return func(dir string) error {
			assert.NotEqual(t, filepath.Clean(path), dir)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
			return fault
		}
	}
	names := func() (list []string) {
		left, err := filepath.Glob(filepath.Join(filepath.Dir(filepath.Clean(path)), "*", "*"))
		require.NoError(t, err)
		for _, p := range left {
			list = append(list, filepath.Join(filepath.Base(filepath.Dir(p)), filepath.Base(p)))
		}
		return list
	}
	broken := errors.New("no more room")
	require.ErrorIs(t, WriteDir(path, write("a", broken)), broken)
	assert.Empty(t, names())
	require.NoError(t, WriteDir(path, write("a", nil)))
	assert.Equal(t, []string{"model/a"}, names())
	require.ErrorIs(t, WriteDir(path, write("b", broken)), broken)
	assert.Equal(t, []string{"model/a"}, names())
	require.NoError(t, WriteDir(path, write("b", nil)))
	assert.Equal(t, []string{"model/b"}, names(), "the directory is replaced, not filled up")
}
