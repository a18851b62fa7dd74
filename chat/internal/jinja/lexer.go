package jinja

// From source to tokens, with the white space control of Jinja2's lexer
// (jinja2/lexer.py) for trim_blocks and lstrip_blocks.

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind int

const (
	tokEOF kind = iota
	tokData
	tokBlockBegin    // {%
	tokBlockEnd      // %}
	tokVariableBegin // {{
	tokVariableEnd   // }}
	tokName
	tokString
	tokInteger
	tokFloat
	tokOperator
)

type token struct {
	kind kind
	text string // of a string: its value
	line int
}

func (t token) String() string {
	switch t.kind {
	case tokEOF:
		return "the end of the template"
	case tokData:
		return "text"
	case tokString:
		return strconv.Quote(t.text)
	}
	return "'" + t.text + "'"
}

type lexer struct {
	src    string
	at     int
	line   int
	fresh  bool // the last piece ended with a line end: only then is white space before a tag a line's beginning
	tokens []token
}

var (
	lineEnd  = regexp.MustCompile(`\r\n|\r|\n`)
	rawBegin = regexp.MustCompile(`^\{%[-+]?\s*raw\s*(-%\}\s*|%\})`)
	rawEnd   = regexp.MustCompile(`\{%([-+]?)\s*endraw\s*(\+%\}|-%\}\s*|%\}\n?)`)
	floating = regexp.MustCompile(`^(\d+_)*\d+((\.(\d+_)*\d+)?[eE][+\-]?(\d+_)*\d+|\.(\d+_)*\d+)`)
	integer  = regexp.MustCompile(`^(0[bB](_?[01])+|0[oO](_?[0-7])+|0[xX](_?[\da-fA-F])+|[1-9](_?\d)*|0(_?0)*)`)
)

var operators = []string{"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"}

// tokenize cuts a template into tokens; the last is tokEOF.
func tokenize(source string) []token {
	source = lineEnd.ReplaceAllString(source, "\n")
	source = strings.TrimSuffix(source, "\n") // keep_trailing_newline is off
	l := &lexer{src: source, line: 1, fresh: true}
	for l.at < len(l.src) {
		l.data()
	}
	return append(l.tokens, token{kind: tokEOF, line: l.line})
}

func (l *lexer) fail(format string, args ...any) {
	panic(&Error{Line: l.line, Msg: fmt.Sprintf(format, args...)})
}

// skip moves on by n bytes.
func (l *lexer) skip(n int) {
	piece := l.src[l.at : l.at+n]
	l.line += strings.Count(piece, "\n")
	if n > 0 {
		l.fresh = piece[n-1] == '\n'
	}
	l.at += n
}

func (l *lexer) emit(k kind, text string) { l.tokens = append(l.tokens, token{k, text, l.line}) }

// data reads text up to the next tag, and that tag.
func (l *lexer) data() {
	rest := l.src[l.at:]
	next := len(rest)
	for _, begin := range []string{"{%", "{{", "{#"} {
		if i := strings.Index(rest, begin); i >= 0 {
			next = min(next, i)
		}
	}
	text := rest[:next]
	if next == len(rest) {
		l.text(text)
		l.skip(next)
		return
	}
	sign := byte(0)
	if next+2 < len(rest) {
		sign = rest[next+2]
	}
	variable := rest[next+1] == '{'
	l.text(l.stripBefore(text, sign, !variable))
	l.skip(len(text))
	if raw := rawBegin.FindString(rest[next:]); raw != "" {
		l.skip(len(raw))
		l.raw()
		return
	}
	switch rest[next+1] {
	case '#':
		l.comment()
	case '{':
		l.emit(tokVariableBegin, "{{")
		l.skip(2 + signLength(sign))
		l.expression(tokVariableEnd)
	default:
		l.emit(tokBlockBegin, "{%")
		l.skip(2 + signLength(sign))
		l.expression(tokBlockEnd)
	}
}

func signLength(sign byte) int {
	if sign == '-' || sign == '+' {
		return 1
	}
	return 0
}

func (l *lexer) text(text string) {
	if text != "" {
		l.emit(tokData, text)
	}
}

// stripBefore removes the white space that a tag takes from the text before it:
// all of it for "{%-", the beginning of the line for a block (lstrip_blocks).
func (l *lexer) stripBefore(text string, sign byte, block bool) string {
	switch {
	case sign == '-':
		return strings.TrimRightFunc(text, isSpace)
	case sign == '+' || !block:
		return text
	}
	start := strings.LastIndexByte(text, '\n') + 1
	if (start > 0 || l.fresh) && strings.TrimLeftFunc(text[start:], isSpace) == "" {
		return text[:start]
	}
	return text
}

// end recognises the end of a block or comment and the white space that it takes
// along: everything for "-%}", one line end otherwise (trim_blocks) but for "+%}".
func (l *lexer) end(close string, trim bool) (length int) {
	rest := l.src[l.at:]
	switch {
	case strings.HasPrefix(rest, "-"+close):
		n := 1 + len(close)
		return n + len(rest[n:]) - len(strings.TrimLeftFunc(rest[n:], isSpace))
	case trim && strings.HasPrefix(rest, "+"+close):
		return 1 + len(close)
	case strings.HasPrefix(rest, close):
		n := len(close)
		if trim && strings.HasPrefix(rest[n:], "\n") {
			n++
		}
		return n
	}
	return 0
}

func (l *lexer) comment() {
	start := l.at + 2
	if start < len(l.src) {
		start += signLength(l.src[start])
	}
	i := strings.Index(l.src[start:], "#}")
	if i < 0 {
		l.fail("a comment is not closed: #} is missing")
	}
	end := start + i
	if i > 0 {
		end -= signLength(l.src[end-1])
	}
	l.skip(end - l.at)
	l.skip(l.end("#}", true))
}

func (l *lexer) raw() {
	rest := l.src[l.at:]
	m := rawEnd.FindStringSubmatchIndex(rest)
	if m == nil {
		l.fail("a raw block is not closed: {%% endraw %%} is missing")
	}
	sign := byte(0)
	if m[2] < m[3] {
		sign = rest[m[2]]
	}
	l.text(l.stripBefore(rest[:m[0]], sign, true))
	l.skip(m[1])
}

// expression reads the tokens of a tag up to its end.
func (l *lexer) expression(end kind) {
	close, trim := "}}", false
	if end == tokBlockEnd {
		close, trim = "%}", true
	}
	var open []byte // brackets: inside of them }} is no end
	for {
		rest := l.src[l.at:]
		if rest == "" {
			l.fail("a tag is not closed: %s is missing", close)
		}
		if len(open) == 0 {
			if n := l.end(close, trim); n > 0 {
				l.emit(end, close)
				l.skip(n)
				return
			}
		}
		r, n := utf8.DecodeRuneInString(rest)
		switch {
		case isSpace(r):
			l.skip(n)
		case r == '\'' || r == '"':
			l.quoted(byte(r))
		case r >= '0' && r <= '9':
			if text := floating.FindString(rest); text != "" && !l.afterDot() {
				l.emit(tokFloat, text)
				l.skip(len(text))
			} else {
				text := integer.FindString(rest)
				l.emit(tokInteger, text)
				l.skip(len(text))
			}
		case r == '_' || unicode.IsLetter(r):
			n := len(rest) - len(strings.TrimLeftFunc(rest, func(r rune) bool {
				return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
			}))
			l.emit(tokName, rest[:n])
			l.skip(n)
		default:
			l.operator(rest, &open)
		}
	}
}

// afterDot says that a number is an attribute: a.0.1 has no float in it.
func (l *lexer) afterDot() bool { return l.at > 0 && l.src[l.at-1] == '.' }

func (l *lexer) operator(rest string, open *[]byte) {
	for _, op := range operators {
		if !strings.HasPrefix(rest, op) {
			continue
		}
		switch op {
		case "(", "[", "{":
			*open = append(*open, op[0])
		case ")", "]", "}":
			pairs := map[string]byte{")": '(', "]": '[', "}": '{'}
			if n := len(*open); n == 0 || (*open)[n-1] != pairs[op] {
				l.fail("unexpected '%s'", op)
			}
			*open = (*open)[:len(*open)-1]
		}
		l.emit(tokOperator, op)
		l.skip(len(op))
		return
	}
	r, _ := utf8.DecodeRuneInString(rest)
	l.fail("unexpected character %q", r)
}

// quoted reads a string with Python's escapes.
func (l *lexer) quoted(quote byte) {
	var b strings.Builder
	s := l.src[l.at+1:]
	for i := 0; i < len(s); {
		switch s[i] {
		case quote:
			l.emit(tokString, b.String())
			l.skip(i + 2)
			return
		case '\\':
			text, n := l.escape(s[i:])
			b.WriteString(text)
			i += n
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	l.fail("a string is not closed: %c is missing", quote)
}

var simpleEscapes = map[byte]string{
	'\n': "", '\\': `\`, '\'': "'", '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v",
}

// escape reads an escape at the head of s and says how long it is.
func (l *lexer) escape(s string) (text string, length int) {
	if len(s) < 2 {
		return `\`, 1
	}
	if text, ok := simpleEscapes[s[1]]; ok {
		return text, 2
	}
	digits, base := 0, 16
	switch c := s[1]; {
	case c == 'x':
		digits = 2
	case c == 'u':
		digits = 4
	case c == 'U':
		digits = 8
	case c == 'N':
		l.fail(`the escape \\N is not supported: write the character itself`)
	case c >= '0' && c <= '7':
		n := 1
		for n < 3 && 1+n < len(s) && s[1+n] >= '0' && s[1+n] <= '7' {
			n++
		}
		v, _ := strconv.ParseUint(s[1:1+n], 8, 32)
		return string(rune(v)), 1 + n
	default:
		return `\`, 1 // Python keeps the backslash of what it does not know
	}
	if len(s) < 2+digits {
		l.fail("the escape \\%c needs %d digits", s[1], digits)
	}
	v, err := strconv.ParseUint(s[2:2+digits], base, 32)
	if err != nil || v > unicode.MaxRune {
		l.fail("the escape %s is no character", s[:2+digits])
	}
	return string(rune(v)), 2 + digits
}
