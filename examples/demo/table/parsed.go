package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// parsedLine is a line of ajolote parse --stdin.
type parsedLine struct {
	Query   string          `json:"query"`
	Success bool            `json:"success"`
	Parsed  json.RawMessage `json:"parsed"`
	Output  string          `json:"output"`
}

// printParsed prints each question and what of its query is not empty, or the raw answer where that is no query.
func printParsed(out io.Writer, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var l parsedLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return fmt.Errorf("%s, line %d: %w", path, n, err)
		}
		fmt.Fprintf(out, "\n%s\n", clip("  "+l.Query))
		if !l.Success {
			fmt.Fprintln(out, clip("    no query: "+strings.Join(strings.Fields(l.Output), " ")))
			continue
		}
		var answer map[string]any
		if err := json.Unmarshal(l.Parsed, &answer); err != nil {
			return fmt.Errorf("%s, line %d: %w", path, n, err)
		}
		delete(answer, "meta")
		delete(answer, "doc_type")
		for _, key := range []string{"filters", "organisations", "semantic_query", "query_rewrite"} {
			if text := said(answer[key]); text != "" {
				fmt.Fprintln(out, clip(fmt.Sprintf("    %-15s %s", key, text)))
			}
		}
	}
	return lines.Err()
}

// clip cuts a line to the width of a terminal.
func clip(line string) string {
	if r := []rune(line); len(r) > 80 {
		return string(r[:79]) + "…"
	}
	return line
}

// said writes what a value says, without nulls: key=value for objects, in the order of the schema.
func said(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, said(item))
		}
		return strings.Join(items, "; ")
	case map[string]any:
		var fields []string
		for _, key := range []string{"programme", "funding_level", "year", "type", "name", "location", "location_level"} {
			if text := said(v[key]); text != "" {
				fields = append(fields, key+"="+text)
			}
		}
		return strings.Join(fields, ", ")
	default:
		return fmt.Sprint(v)
	}
}
