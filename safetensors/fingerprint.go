package safetensors

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Fingerprint is a hash of what tells one state of files from another without reading their data: path, size, time of the last
// change and header of each. What was computed from the files is good as long as it stays the same.
func Fingerprint(files []string) (string, error) {
	h := sha256.New()
	for _, path := range files {
		whole, err := filepath.Abs(path)
		if err == nil {
			whole, err = filepath.EvalSymlinks(whole)
		}
		if err != nil {
			return "", err
		}
		info, err := os.Stat(whole)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%q %d %d\n", whole, info.Size(), info.ModTime().UnixNano())
		if err := hashHeader(h, whole); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// hashHeader hashes 8 bytes of the header's length, then that many.
func hashHeader(h io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var length [8]byte
	if _, err := io.ReadFull(f, length[:]); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	_, err = io.CopyN(h, f, int64(binary.LittleEndian.Uint64(length[:])))
	return err
}
