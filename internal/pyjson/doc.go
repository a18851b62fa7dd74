// Package pyjson reads and writes JSON the way Python's json module does, and carries the handful of
// Python's value rules (str, repr, ==, truth, lower, strip, split) that results of Python programs rest on.
//
// The query parser's reference programs are Python: their training files must be reproduced byte for byte and
// their evaluation number for number, including the corners where encoding/json goes another way (order of keys,
// integers beyond 64 bits, 2020 against 2020.0, NaN, lone surrogates, escapes in the output, raw control characters).
//
// # Values
//
// A value is held in an any, as one of
//
//	Python           Go
//	None             nil
//	True, False      bool
//	int              [Int]      (decimal digits, any size)
//	float            float64    (NaN and infinities included)
//	str              string
//	list             []any
//	dict             [*Object]  (keys keep their order)
//
// Where values are written, compared or turned into text, a Go int or int64 is taken as an Int too.
//
// # Strings
//
// A string is UTF-8 with one addition: a surrogate that has no partner (from an escape such as \ud800) is kept as the
// three bytes ED A0..BF 80..BF, what Python calls surrogatepass and others WTF-8. Joining and cutting such strings gives what
// Python gives. [utf8.ValidString] tells whether a string holds any; Python fails when it writes one to a file.
//
// [utf8.ValidString]: https://pkg.go.dev/unicode/utf8#ValidString
package pyjson
