package sbert

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
)

// parquetReader reads rows of a parquet file. Its package panics on some damaged files; that becomes an error.
func parquetReader(path string, f *os.File) (next func() (Record, error), err error) {
	guard := func(err *error) {
		if r := recover(); r != nil {
			*err = fmt.Errorf("%s: damaged parquet file: %v", path, r)
		}
	}
	defer guard(&err)
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: not a parquet file that can be read: %w", path, err)
	}
	reader := parquet.NewGenericReader[any](file)
	batch, at, n, end := make([]any, 64), 0, 0, false
	fill := func() (err error) {
		defer guard(&err)
		clear(batch)
		at = 0
		n, err = reader.Read(batch)
		if errors.Is(err, io.EOF) {
			end, err = true, nil
		}
		return err
	}
	return func() (Record, error) {
		for at == n {
			if end {
				return nil, io.EOF
			}
			if err := fill(); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
		at++
		fields, ok := batch[at-1].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s: its rows are no records", path)
		}
		return anyFields(fields)
	}, nil
}
