// The ways reading can fail, worded as Python 3.11 words them.

package pyjson

import (
	"fmt"
	"strings"
)

// SyntaxError is Python's json.JSONDecodeError: the text is not JSON as Python reads it.
type SyntaxError struct {
	Msg    string // e.g. "Expecting value"
	Line   int    // from 1
	Column int    // from 1, in code points
	Char   int    // from 0, in code points
	Offset int    // from 0, in bytes
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s: line %d column %d (char %d)", e.Msg, e.Line, e.Column, e.Char)
}

func syntaxError(msg, text string, offset int) *SyntaxError {
	offset = min(offset, len(text))
	before := text[:offset]
	return &SyntaxError{
		Msg:    msg,
		Line:   1 + strings.Count(before, "\n"),
		Column: 1 + Len(before[strings.LastIndexByte(before, '\n')+1:]),
		Char:   Len(before),
		Offset: offset,
	}
}

// LimitError is met where Python raises something else than a JSONDecodeError on text that may well be JSON: RecursionError
// for nesting beyond [MaxDepth], ValueError for an integer of more than [MaxDigits] digits.
type LimitError struct {
	Msg    string
	Offset int // from 0, in bytes
}

func (e *LimitError) Error() string { return e.Msg }

// EncodingError is Python's UnicodeDecodeError: the bytes are not UTF-8.
type EncodingError struct {
	Byte   byte   // the offending byte
	Offset int    // its place, from 0
	Reason string // e.g. "invalid start byte"
}

func (e *EncodingError) Error() string {
	return fmt.Sprintf("'utf-8' codec can't decode byte 0x%02x in position %d: %s", e.Byte, e.Offset, e.Reason)
}

// TypeError tells that a value is of another kind than needed.
type TypeError struct {
	Want string
	Got  any
}

func (e *TypeError) Error() string { return fmt.Sprintf("%s is needed, not %s", e.Want, Kind(e.Got)) }

// Kind names the kind of a value for messages: "null", "a boolean", "an integer", "a number", "a string", "a list", "an object".
func Kind(v any) string {
	if _, ok := asInt(v); ok {
		return "an integer"
	}
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	case *Object:
		return "an object"
	}
	return fmt.Sprintf("a Go %T", v)
}
