// Where two texts differ, word by word.

package report

import (
	"strings"
	"unicode"
)

// piece is a stretch of text that the other side has too, or lacks.
type piece struct {
	Text    string
	Differs bool
}

// longestDiff is the number of words beyond which texts are not compared word by word, since the work grows with the product of both lengths.
const longestDiff = 400

// diff splits two texts into what they share and what only one of them has (longest common subsequence of words).
func diff(a, b string) (left, right []piece) {
	as, bs := words(a), words(b)
	if len(as) > longestDiff || len(bs) > longestDiff {
		return []piece{{a, a != b}}, []piece{{b, a != b}}
	}
	// common[i][j] is the length of the longest common subsequence of as[i:] and bs[j:].
	common := make([][]int, len(as)+1)
	for i := range common {
		common[i] = make([]int, len(bs)+1)
	}
	for i := len(as) - 1; i >= 0; i-- {
		for j := len(bs) - 1; j >= 0; j-- {
			if as[i] == bs[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(as) || j < len(bs) {
		switch {
		case i < len(as) && j < len(bs) && as[i] == bs[j]:
			left, right = join(left, as[i], false), join(right, bs[j], false)
			i, j = i+1, j+1
		case j == len(bs) || i < len(as) && common[i+1][j] >= common[i][j+1]:
			left = join(left, as[i], true)
			i++
		default:
			right = join(right, bs[j], true)
			j++
		}
	}
	return left, right
}

func join(pieces []piece, text string, differs bool) []piece {
	if n := len(pieces); n > 0 && pieces[n-1].Differs == differs {
		pieces[n-1].Text += text
		return pieces
	}
	return append(pieces, piece{text, differs})
}

// words cuts a text into runs of letters and digits, runs of space, and single other characters.
func words(s string) []string {
	kind := func(r rune) int {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			return 1
		case unicode.IsSpace(r):
			return 2
		}
		return 0
	}
	var out []string
	start, last := 0, -1
	for i, r := range s {
		k := kind(r)
		if i > 0 && (k != last || k == 0) {
			out = append(out, s[start:i])
			start = i
		}
		last = k
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

// cut shortens a text to n runes.
func cut(s string, n int) string {
	runes := 0
	for i := range s {
		if runes == n {
			return strings.TrimRightFunc(s[:i], unicode.IsSpace) + " …"
		}
		runes++
	}
	return s
}
