package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFailedWriteLeavesTheOldContentsAndNothingElse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "for it")
	path := filepath.Join(dir, "report.json")
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	require.NoError(t, Write(path, text("first")))
	broken := errors.New("no more ink")
	err := Write(path, func(w io.Writer) error {
		require.NoError(t, text("half of the sec")(w))
		return broken
	})
	assert.ErrorIs(t, err, broken)
	assert.ErrorContains(t, err, path)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "first", string(data))
	require.NoError(t, Write(path, text("second")))
	data, err = os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "second", string(data))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1)
}
