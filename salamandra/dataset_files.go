package salamandra

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"github.com/ajolote-ai/ajolote/hub"
)

// This file: from the path of a dataset to its rows, whatever kind of file they are in.

// row is a row of a dataset: its keys with their values as JSON.
type row map[string]json.RawMessage

// dataFiles lists the files of a dataset in the order in which they are read. fetch gives the folder of a hub dataset.
func dataFiles(ctx context.Context, d *Dataset, fetch func(context.Context, hub.Request) (string, error)) ([]string, error) {
	info, err := os.Stat(d.Path)
	switch {
	case err == nil && !info.IsDir():
		return []string{d.Path}, nil
	case errors.Is(err, fs.ErrNotExist) && isRepositoryName(d.Path):
		folder, err := fetch(ctx, hub.Request{Name: d.Path, Type: hub.Dataset, Revision: d.Revision, Allow: []string{"*.jsonl", "*.json", "*.parquet"}})
		if err != nil {
			return nil, fmt.Errorf("dataset %s: %w", d.Path, err)
		}
		return folderFiles(folder, d)
	case err != nil:
		return nil, fmt.Errorf("dataset: %w", err)
	}
	return folderFiles(d.Path, d)
}

// isRepositoryName tells whether a path that is not there can be a name on the hub: org/name, without an ending of a file.
func isRepositoryName(path string) bool {
	return strings.Count(path, "/") == 1 && !strings.HasPrefix(path, ".") && !strings.HasPrefix(path, "/") && kindOfFile(path) == ""
}

// kindOfFile is json or parquet by the end of a name, else empty.
func kindOfFile(name string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jsonl", ".json", ".ndjson":
		return "json"
	case ".parquet":
		return "parquet"
	}
	return ""
}

var splitName = regexp.MustCompile(`(?:^|[/_.-])(train|training|test|testing|validation|valid|val|dev|eval)(?:[/_.-]|$)`)

// folderFiles lists the files of a folder by data_files, name and split.
func folderFiles(folder string, d *Dataset) ([]string, error) {
	var all []string
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(e.Name(), ".") && path != folder
		if e.IsDir() && hidden {
			return filepath.SkipDir
		}
		inside, err := filepath.Rel(folder, path)
		if err == nil && !hidden && kindOfFile(path) != "" && !strings.HasPrefix(e.Name(), "dataset_info") && e.Name() != "dataset_dict.json" && e.Name() != "state.json" {
			all = append(all, filepath.ToSlash(inside))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("dataset %s: %w", d.Path, err)
	}
	chosen := all
	switch {
	case len(d.DataFiles) > 0:
		chosen = nil
		for _, pattern := range d.DataFiles {
			matches := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return !matchesPath(pattern, name) })
			if len(matches) == 0 {
				return nil, fmt.Errorf("dataset %s: data_files: nothing matches %s; the files are %s", d.Path, pattern, listed(all))
			}
			chosen = append(chosen, matches...)
		}
	default:
		if d.Name != "" {
			chosen = slices.DeleteFunc(slices.Clone(all), func(name string) bool { return !strings.HasPrefix(name, d.Name+"/") })
		}
		if chosen, err = ofSplit(chosen, d.Split); err != nil {
			return nil, fmt.Errorf("dataset %s: %w", d.Path, err)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("dataset %s: no .jsonl, .json or .parquet file to read; the files are %s", d.Path, listed(all))
	}
	for i, name := range chosen {
		chosen[i] = filepath.Join(folder, filepath.FromSlash(name))
	}
	return chosen, nil
}

// ofSplit keeps the files of one split, train by default. Files that name no split are taken when none does.
func ofSplit(names []string, split string) ([]string, error) {
	if strings.ContainsAny(split, "[:%+") {
		return nil, fmt.Errorf("split %s: parts of a split cannot be chosen; make a file of the rows wanted", split)
	}
	wanted := split
	if wanted == "" {
		wanted = "train"
	}
	var chosen []string
	named := false
	for _, name := range names {
		found := splitName.FindStringSubmatch(name)
		if found != nil {
			named = true
			if sameSplit(found[1], wanted) {
				chosen = append(chosen, name)
			}
		}
	}
	switch {
	case len(chosen) > 0:
		return chosen, nil
	case named && split != "":
		return nil, fmt.Errorf("no file of the split %s; the files are %s", split, listed(names))
	}
	return names, nil
}

// sameSplit compares split names by their first three letters, but for dev: train and training, val and validation.
func sameSplit(a, b string) bool {
	stem := func(s string) string {
		if s == "dev" || s == "eval" {
			s = "validation"
		}
		return s[:min(3, len(s))]
	}
	return stem(a) == stem(b)
}

// matchesPath tells whether a file of a folder matches a pattern of data_files: a path, or one with * ? [ ].
func matchesPath(pattern, name string) bool {
	patternParts, parts := strings.Split(filepath.ToSlash(filepath.Clean(pattern)), "/"), strings.Split(name, "/")
	if len(patternParts) != len(parts) {
		return false
	}
	for i, p := range patternParts {
		if !fnmatch(p).MatchString(parts[i]) {
			return false
		}
	}
	return true
}

func listed(names []string) string {
	const most = 8
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > most:
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// readRows calls visit for every row of a file. A row that is no JSON object comes with a reason instead. kind is json or
// parquet; empty: by the name.
func readRows(path, kind string, visit func(line int, r row, reason string) error) error {
	if kind == "" {
		kind = kindOfFile(path)
	}
	if kind == "parquet" {
		return readParquet(path, visit)
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, 1<<20)
	if mark, err := in.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = in.Discard(3)
	}
	if first := firstLetter(in); first == '[' {
		return readArray(path, in, visit)
	}
	return readLines(path, in, visit)
}

// firstLetter looks at the first byte that is no white space, without taking it.
func firstLetter(in *bufio.Reader) byte {
	for n := 1; ; n++ {
		seen, err := in.Peek(n)
		if err != nil {
			return 0
		}
		if c := seen[n-1]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c
		}
	}
}

// readLines reads JSON lines. Empty lines are passed over.
func readLines(path string, in *bufio.Reader, visit func(int, row, string) error) error {
	for line := 1; ; line++ {
		text, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s:%d: %w", path, line, err)
		}
		if text := bytes.TrimSpace(text); len(text) > 0 {
			r, reason := parseRow(text)
			if err := visit(line, r, reason); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// readArray reads one JSON list of rows.
func readArray(path string, in io.Reader, visit func(int, row, string) error) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	line, counted := 1, 0
	lineAt := func(offset int64) int {
		offset = min(offset, int64(len(text)))
		line += bytes.Count(text[counted:offset], []byte("\n"))
		counted = int(offset)
		return line
	}
	broken := func(err error) error {
		at := int64(len(text))
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = syntax.Offset
		}
		return fmt.Errorf("%s:%d: the list of rows ends early: %w", path, lineAt(at), err)
	}
	if _, err := decoder.Token(); err != nil {
		return broken(err)
	}
	for decoder.More() {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return broken(err)
		}
		at := lineAt(decoder.InputOffset() - int64(len(raw)))
		r, reason := parseRow(raw)
		if err := visit(at, r, reason); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return broken(err)
	}
	if decoder.More() {
		return fmt.Errorf("%s:%d: something follows the list of rows", path, lineAt(decoder.InputOffset()))
	}
	return nil
}

// parseRow reads a JSON object, or says why it is none.
func parseRow(text []byte) (row, string) {
	if !utf8.Valid(text) {
		return nil, "the row is not UTF-8"
	}
	var r row
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch err := json.Unmarshal(text, &r); {
	case errors.As(err, &syntax):
		return nil, fmt.Sprintf("the row is not JSON: %v (byte %d)", err, syntax.Offset)
	case errors.As(err, &kind):
		return nil, fmt.Sprintf("the row is a JSON %s, not an object", kind.Value)
	case err != nil:
		return nil, fmt.Sprintf("the row is not JSON: %v", err)
	case r == nil:
		return nil, "the row is null, not an object"
	}
	return r, ""
}

// readParquet reads the rows of a parquet file; the line is the number of the row.
func readParquet(path string, visit func(int, row, string) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	var reader *parquet.GenericReader[any]
	if err := guarded(func() error {
		opened, err := parquet.OpenFile(file, info.Size())
		if err == nil {
			reader = parquet.NewGenericReader[any](opened)
		}
		return err
	}); err != nil {
		return fmt.Errorf("%s: not a parquet file that can be read: %w", path, err)
	}
	defer reader.Close()
	batch := make([]any, 64)
	for line := 1; ; {
		var n int
		readErr := guarded(func() (err error) {
			n, err = reader.Read(batch)
			return err
		})
		for _, values := range batch[:n] {
			text, err := json.Marshal(values)
			if err != nil {
				return fmt.Errorf("%s:%d: %w", path, line, err)
			}
			r, reason := parseRow(text)
			if err := visit(line, r, reason); err != nil {
				return err
			}
			line++
		}
		clear(batch)
		if errors.Is(readErr, io.EOF) {
			return nil
		} else if readErr != nil {
			return fmt.Errorf("%s:%d: %w", path, line, readErr)
		}
	}
}

// guarded turns a panic of the parquet library, which some broken files cause, into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the file is broken: %v", r)
		}
	}()
	return f()
}
