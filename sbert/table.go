package sbert

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// Record is a row of a file of texts: its fields as text, by their names. A field that is a list or an object is JSON.
type Record map[string]string

// Records reads a file row by row, never all of it: .jsonl and .ndjson (an object a line), .csv and .tsv (names in the first line),
// .parquet, and .txt (a text a line, as the field "text"). A file may be of any size. An error, with its line, ends the rows.
func Records(path string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		next, err := recordReader(path, f)
		if err != nil {
			yield(nil, err)
			return
		}
		for {
			r, err := next()
			if errors.Is(err, io.EOF) || !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// recordReader gives the function that reads the next row, or io.EOF.
func recordReader(path string, f *os.File) (func() (Record, error), error) {
	switch kind := strings.ToLower(filepath.Ext(path)); kind {
	case ".txt":
		lines := lineReader(path, f)
		return func() (Record, error) {
			line, _, err := lines()
			return Record{"text": line}, err
		}, nil
	case ".jsonl", ".ndjson":
		lines := lineReader(path, f)
		return func() (Record, error) {
			for {
				line, number, err := lines()
				if err != nil {
					return nil, err
				}
				if strings.TrimSpace(line) == "" {
					continue
				}
				var fields map[string]json.RawMessage
				if err := json.Unmarshal([]byte(line), &fields); err != nil {
					return nil, fmt.Errorf("%s:%d: %w: every line is an object", path, number, err)
				}
				return textFields(fields), nil
			}
		}, nil
	case ".csv", ".tsv":
		return csvReader(path, f, kind)
	case ".parquet":
		return parquetReader(path, f)
	}
	return nil, fmt.Errorf("%s: .txt, .jsonl, .csv, .tsv and .parquet files can be read", path)
}

// lineReader gives the lines of a file without their ends, of any length.
func lineReader(path string, f io.Reader) func() (string, int, error) {
	in := bufio.NewReaderSize(f, 1<<20)
	number := 0
	return func() (string, int, error) {
		line, err := in.ReadString('\n')
		if err != nil && (!errors.Is(err, io.EOF) || line == "") {
			if !errors.Is(err, io.EOF) {
				err = fmt.Errorf("%s: %w", path, err)
			}
			return "", number, err
		}
		number++
		if number == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), number, nil
	}
}

func csvReader(path string, f io.Reader, kind string) (func() (Record, error), error) {
	in := csv.NewReader(bufio.NewReaderSize(f, 1<<20))
	if kind == ".tsv" {
		in.Comma = '\t'
	}
	names, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: the first line has the names of the columns: %w", path, err)
	}
	names[0] = strings.TrimPrefix(names[0], "\ufeff")
	return func() (Record, error) {
		values, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil, err
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		r := make(Record, len(names))
		for i, name := range names {
			r[name] = values[i]
		}
		return r, nil
	}, nil
}

func textFields(fields map[string]json.RawMessage) Record {
	r := make(Record, len(fields))
	for name, raw := range fields {
		var text string
		if json.Unmarshal(raw, &text) != nil { // null reads as an empty text
			text = string(raw)
		}
		r[name] = text
	}
	return r
}

func anyFields(fields map[string]any) (Record, error) {
	r := make(Record, len(fields))
	for name, value := range fields {
		switch v := value.(type) {
		case string:
			r[name] = v
		case []byte:
			r[name] = string(v)
		case nil:
			r[name] = ""
		default:
			text, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			r[name] = string(text)
		}
	}
	return r, nil
}
