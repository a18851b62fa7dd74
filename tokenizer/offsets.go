package tokenizer

import "unicode/utf8"

// inCharacters converts ranges of bytes into ranges of characters, by the rules of upstream for a range that ends inside
// a character or at the end of the text.
func (w *worker) inCharacters(text string, ranges [][2]int) [][2]int {
	if !utf8.ValidString(text) {
		text = string(repaired(nil, []byte(text)))
	}
	var number []int32 // of the character that each byte belongs to; nil when that is the number of the byte
	if !isASCII(text) {
		number = make([]int32, len(text))
		count := int32(-1)
		for i := range len(text) {
			if utf8.RuneStart(text[i]) {
				count++
			}
			number[i] = count
		}
	}
	character := func(at int) int {
		if number == nil {
			return at
		}
		return int(number[at])
	}
	out := make([][2]int, len(ranges))
	for i, r := range ranges {
		switch from, to := r[0], r[1]; {
		case from < 0 || from >= len(text) || to < 0:
			out[i] = r
		case to < len(text):
			out[i] = [2]int{character(from), character(to)}
		case to == len(text):
			out[i] = [2]int{character(from), character(to-1) + 1}
		default:
			out[i] = [2]int{character(from), character(from) + 2}
		}
	}
	return out
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
