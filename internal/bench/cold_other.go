//go:build !linux

package bench

import "errors"

// dropCached asks the system to forget what it holds in memory of a folder's weight files.
func dropCached(string) error { return errors.New("only Linux can be asked to forget cached files") }
