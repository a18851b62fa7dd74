package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/internal/library"
)

func TestSetupDoesNothingWhenAllIsInPlace(t *testing.T) {
	checkout := library.CheckoutDir()
	found, err := library.Inspect(filepath.Join(checkout, library.BuildName()))
	if checkout == "" || err != nil {
		t.Skip("nothing is set up in this checkout")
	}
	out, errs, status := ajolote(t, nil, "setup")
	require.Zero(t, status, errs)
	require.Empty(t, errs, "no progress is shown")
	require.Regexp(t, `^in place after \S+: `, out)
	require.Contains(t, out, found.Shim)
}

func TestSetupOfAFaultyTorchFails(t *testing.T) {
	needCompiler(t)
	dir := t.TempDir()
	_, errs, status := ajolote(t, []string{"AJOLOTE_CACHE=" + t.TempDir()}, "setup", "--torch", filepath.Join(dir, "none"), "--dir", filepath.Join(dir, "out"))
	require.Equal(t, 1, status)
	require.Contains(t, errs, "ajolote: no libtorch: ")
}
